"""Frames over HTTP: where they go, and how long connections are kept."""

import asyncio

import httpx
import numpy as np
import pytest

from fluoropose.client import http_link
from fluoropose.client.http_link import HttpLink
from fluoropose.client.links import LinkLostError, OutgoingFrame
from fluoropose.transports import server
from fluoropose.transports.serve_plan import ServePlan


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://proxy/service/"])
def test_a_frame_goes_to_its_session_below_the_services_address(address):
    asked = []

    def answer(request):
        asked.append((request.method, str(request.url)))
        return httpx.Response(200, json={"seq": 7})

    async def run():
        async with httpx.AsyncClient(base_url=address, transport=httpx.MockTransport(answer)) as http:
            link = HttpLink(http, "abc")
            await link.send(OutgoingFrame(7, np.zeros((2, 2), np.uint16), None))
            return await link.receive()

    assert asyncio.run(run()) == {"type": "result", "seq": 7}
    assert asked == [("POST", f"{address.rstrip('/')}/v1/sessions/abc/frames")]


def test_the_client_gives_an_idle_connection_up_before_the_service_does():
    """Were it the other way round, a frame could go out on a connection that is being closed, and be lost."""
    config = server.http_config(ServePlan(cases=None, models=None), None)
    assert http_link.KEEP_IDLE_S + 5.0 < config.timeout_keep_alive


def test_a_frame_of_a_client_that_is_closed_is_a_lost_connection():
    async def run():
        http = httpx.AsyncClient(
            base_url="http://service", transport=httpx.MockTransport(lambda _: httpx.Response(200))
        )
        await http.aclose()
        link = HttpLink(http, "abc")
        await link.send(OutgoingFrame(0, np.zeros((2, 2), np.uint16), None))
        return await link.receive()

    with pytest.raises(LinkLostError, match="expected an open connection"):
        asyncio.run(asyncio.wait_for(run(), 5.0))
