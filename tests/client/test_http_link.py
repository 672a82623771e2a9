"""Frames over HTTP: where they go, and how long connections are kept."""

import asyncio

import httpx
import numpy as np
import pytest

from fluoropose.client.http_link import KEEP_IDLE_S, HttpLink, http_client
from fluoropose.client.links import Address, LinkLostError, OutgoingFrame
from fluoropose.transports import server as serving


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
    config = serving._http_config(serving.ServePlan(cases=None, models=None), None)
    assert KEEP_IDLE_S + 5.0 < config.timeout_keep_alive


def run_link(answer, use):
    """Return what `use` returns of a link whose requests `answer` answers."""

    async def run():
        async with httpx.AsyncClient(base_url="http://service", transport=httpx.MockTransport(answer)) as http:
            link = HttpLink(http, "abc")
            try:
                return await use(link)
            finally:
                await link.close()

    return asyncio.run(run())


FRAME = OutgoingFrame(7, np.zeros((2, 2), np.uint16), None)


async def send_and_receive(link):
    await link.send(FRAME)
    return await link.receive()


def test_a_refused_frame_is_a_problem_with_its_number():
    refusal = {"code": "invalid-frame", "title": "refused", "detail": "too dark"}
    event = run_link(lambda request: httpx.Response(422, json=refusal), send_and_receive)
    assert event == {"type": "problem", "seq": 7, "code": "invalid-frame", "status": 422, "detail": "too dark"}


def break_connection(request):
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    "answer",
    [break_connection, lambda request: httpx.Response(404, json={"code": "unknown-session"})],
    ids=["broken", "session gone"],
)
def test_a_link_is_lost_with_its_connection_or_its_session(answer):
    with pytest.raises(LinkLostError):
        run_link(answer, send_and_receive)


def test_a_change_is_a_patch_and_a_broken_one_a_lost_link():
    asked = []

    def answer(request):
        asked.append((request.method, request.url.path, request.content))
        return httpx.Response(204)

    run_link(answer, lambda link: link.restart({"case": "x"}))
    assert asked == [("PATCH", "/v1/sessions/abc", b'{"case":"x"}')]
    with pytest.raises(LinkLostError):
        run_link(break_connection, lambda link: link.restart({}))


def test_a_ping_is_answered_with_the_clients_own_time():
    async def ping(link):
        await link.ping(12.5)
        return await link.receive()

    pong = run_link(lambda request: httpx.Response(204), ping)
    assert (pong["type"], pong["client_time"]) == ("pong", 12.5)


def test_closing_cancels_frames_that_are_not_answered():
    async def wait_for_ever(request):
        await asyncio.Event().wait()

    async def send(link):
        await link.send(FRAME)
        await asyncio.sleep(0)

    assert run_link(wait_for_ever, send) is None


def test_the_http_client_has_the_addresss_key():
    async def headers():
        async with http_client(Address("http://service", key="fp_1")) as http:
            return http.headers["Authorization"], str(http.base_url)

    assert asyncio.run(headers()) == ("Bearer fp_1", "http://service")
