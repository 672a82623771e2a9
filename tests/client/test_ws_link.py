"""Frames over a WebSocket, against a server on loopback that answers as told."""

import asyncio
import json

import numpy as np
import pytest
from websockets.asyncio.server import serve

from fluoropose.client.links import Address, LinkLostError, OutgoingFrame, ProblemError
from fluoropose.client.ws_link import WsLink

FRAME = OutgoingFrame(7, np.array([[1, 2], [3, 4]], np.uint16), 12.5)
SUBPROTOCOL = "fluoropose.v1+json"


def run(handle, use, process_request=None):
    """Return what `use` returns of a link to a server whose connections `handle` serves."""

    async def both():
        async with serve(handle, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], process_request=process_request) as server:
            port = server.sockets[0].getsockname()[1]
            link = await WsLink.open(Address(f"http://127.0.0.1:{port}", key="fp_1"), "abc", takeover=True)
            try:
                return await use(link)
            finally:
                await link.close()

    return asyncio.run(both())


def test_a_frame_is_its_headers_length_its_header_and_its_pixels():
    async def handle(socket):
        message = await socket.recv()
        length = int.from_bytes(message[:4], "little")
        header = json.loads(message[4 : 4 + length])
        path, key = socket.request.path, socket.request.headers["Authorization"]
        await socket.send(json.dumps({"type": "result", "path": path, "key": key, **header}))
        assert message[4 + length :] == FRAME.body()

    async def use(link):
        await link.send(FRAME)
        return await link.receive()

    assert run(handle, use) == {
        "type": "result", "path": "/v1/sessions/abc/stream?takeover=true", "key": "Bearer fp_1",
        "dtype": "uint16", "seq": 7, "rows": 2, "columns": 2, "captured_at": 12.5,
    }  # fmt: skip


def test_changes_and_pings_are_texts():
    async def handle(socket):
        for _ in range(2):
            await socket.send(json.dumps({"told": json.loads(await socket.recv())}))

    async def use(link):
        await link.restart({"case": "x"})
        await link.ping(12.5)
        return [(await link.receive())["told"] for _ in range(2)]

    assert run(handle, use) == [{"type": "restart", "case": "x"}, {"type": "ping", "time": 12.5}]


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (4404, ProblemError, "unknown-session"),
        (4409, ProblemError, "session-taken"),
        (1011, LinkLostError, "link-lost"),
        (1000, LinkLostError, "link-lost"),
    ],
)
def test_a_closed_socket_is_a_refusal_or_a_lost_link(code, kind, told):
    async def handle(socket):
        await socket.close(code)

    async def use(link):
        with pytest.raises(kind) as received:
            await link.receive()
        with pytest.raises(kind) as sent:
            await link.send(FRAME)
        return received.value.code, sent.value.code

    assert run(handle, use) == (told, told)


def test_a_refused_handshake_is_a_problem():
    def refuse(connection, request):
        return connection.respond(401, "no key")

    with pytest.raises(ProblemError) as problem:
        run(None, None, refuse)
    assert (problem.value.status, problem.value.code) == (401, "unauthenticated")


def test_where_nobody_listens_the_link_is_lost():
    with pytest.raises(LinkLostError, match="expected a connection"):
        asyncio.run(WsLink.open(Address("http://127.0.0.1:9"), "abc"))
