"""The server over real sockets: many clients, broken messages, clients that vanish or do not read."""

import asyncio
import socket
import time

import pytest

from fluoropose.errors import DeviceError
from fluoropose.igtlink.header import MessageError
from fluoropose.igtlink.messages import Message
from fluoropose.igtlink.reading import ReadingLimits
from fluoropose.igtlink.server import LinkServer, ServerLimits
from support.igtl import Peer, packed

LIMITS = ServerLimits(ReadingLimits(1000, stall_s=0.3), clients=3, send_s=0.5)
GREETING = [Message("STATUS", "VolumeStatus", bytes(31))]


def served(use, limits=LIMITS, receive=None):
    """Run `use(port, server)` in a thread beside a server; return what it returned, what came and what was said."""
    came, said = [], []

    async def run():
        server = LinkServer(receive or came.append, limits, said.append, lambda: GREETING)
        await server.start("127.0.0.1", 0)
        loop = asyncio.get_running_loop()

        def broadcast(messages):
            loop.call_soon_threadsafe(server.broadcast, messages)

        try:
            return await asyncio.to_thread(use, server, broadcast)
        finally:
            await server.close()
            assert len(server) == 0

    return asyncio.run(run()), came, said


def wait_until(holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "expected it within 20 s"
        time.sleep(0.01)


def test_a_client_is_greeted_and_told_what_is_broadcast():
    def use(server, broadcast):
        with Peer(server.port) as one, Peer(server.port) as other:
            assert [peer.receive().device_name for peer in (one, other)] == ["VolumeStatus"] * 2
            broadcast([Message("TRANSFORM", "T", bytes(48), 5.0)])
            return [peer.receive() for peer in (one, other)]

    messages, _, said = served(use)
    assert [(one.device_name, one.timestamp, one.header_version) for one in messages] == [("T", 5.0, 1)] * 2
    assert sum("connected" in line for line in said) == 2


def test_answers_go_in_the_header_version_that_the_client_sends():
    def use(server, broadcast):
        with Peer(server.port) as one:
            assert one.receive().header_version == 1
            one.send(packed("STRING", "a", b"\0\x0c" + bytes(10), version=2))
            wait_until(lambda: came_in)
            broadcast([Message("STATUS", "S", bytes(31), metadata={"a": "b"})])
            return one.receive()

    came_in = []
    message, _, _ = served(use, receive=came_in.append)
    assert (message.header_version, message.metadata) == (2, {"a": "b"})


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (packed("IMAGE", "a", b"abc", crc=5), 9, "expected a body of CRC"),
        (packed("IMAGE", "a", bytes(5000)), 0, "at most 1000 bytes, got IMAGE of 5000"),
        (packed("IMAGE", "a", b"abc", version=2), 0, "extended header"),
    ],
)
def test_a_message_that_cannot_be_used_is_told_and_the_next_one_is_taken(data, code, words):
    def use(server, _):
        with Peer(server.port) as one:
            one.send(data)
            told = one.wait_for("STATUS", lambda message: message.device_name == "fluoropose")
            one.send(packed("STRING", "b", b"next"))
            wait_until(lambda: came)
            return told

    came = []
    told, _, said = served(use, receive=came.append)
    assert (told.code, told.name) == (code, "INVALID-MESSAGE")
    assert words in told.text
    assert came[0].content == b"next"
    assert any(words in line for line in said)


def test_a_receivers_refusal_is_told_too():
    def refuse(message):
        raise MessageError(f"expected nothing, got {message.kind}", 4)

    def use(server, _):
        with Peer(server.port) as one:
            one.send(packed("STRING", "a", b""))
            return one.wait_for("STATUS", lambda message: message.device_name == "fluoropose")

    told, _, _ = served(use, receive=refuse)
    assert (told.code, told.text) == (4, "expected nothing, got STRING")


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*, text/html;q=0.1\r\n\r\n", bytes(58)]
)
def test_a_broken_header_ends_that_connection_alone(data):
    def use(server, broadcast):
        with Peer(server.port) as bad, Peer(server.port) as good:
            good.receive()
            bad.send(data)
            told = bad.wait_for("STATUS", lambda message: message.device_name == "fluoropose")
            ended = bad.receive() is None
            broadcast([Message("TRANSFORM", "T", bytes(48))])
            return told, ended, good.receive().device_name

    (told, ended, other), _, _ = served(use)
    assert (told.name, ended, other) == ("BROKEN-HEADER", True, "T")


def test_a_message_that_stalls_ends_its_connection():
    def use(server, _):
        with Peer(server.port) as one:
            one.send(packed("IMAGE", "a", bytes(500))[:100])
            return one.wait_for("STATUS", lambda message: message.device_name == "fluoropose")

    told, _, _ = served(use)
    assert "then none for 0.3 s" in told.text


def test_one_client_too_many_is_told_so():
    def use(server, _):
        peers = [Peer(server.port) for _ in range(3)]
        wait_until(lambda: len(server) == 3)
        with Peer(server.port) as one:
            told, ended = one.receive(), one.receive()
        for peer in peers:
            peer.socket.close()
        wait_until(lambda: len(server) == 0)
        with Peer(server.port) as again:
            return told, ended, again.receive().device_name

    (told, ended, again), _, _ = served(use)
    assert (told.code, told.name, ended, again) == (6, "BUSY", None, "VolumeStatus")


def test_a_client_that_vanishes_leaves_the_others():
    def use(server, broadcast):
        with Peer(server.port) as one:
            gone = Peer(server.port)
            gone.receive()
            one.receive()
            gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            gone.socket.close()
            for _ in range(50):
                broadcast([Message("TRANSFORM", "T", bytes(48))])
                time.sleep(0.002)
            wait_until(lambda: len(server) == 1)
            return one.receive().device_name

    name, _, said = served(use)
    assert name == "T"
    assert any("gone" in line for line in said)


def test_a_client_that_does_not_read_holds_up_nobody_and_is_dropped():
    big = Message("STRING", "Big", bytes(4_000_000))

    def use(server, broadcast):
        with Peer(server.port) as slow, Peer(server.port) as good:
            slow.receive()
            good.receive()
            for _ in range(6):
                broadcast([big])
                while good._read(58 + 4_000_000) is None:
                    raise AssertionError("expected the message")
            wait_until(lambda: len(server) == 1)

    _, _, said = served(use)
    assert any("it took nothing for 0.5 s" in line for line in said)


def test_an_address_that_is_taken_is_refused():
    async def use():
        first, second = (LinkServer(lambda message: None, LIMITS) for _ in range(2))
        await first.start("127.0.0.1", 0)
        try:
            with pytest.raises(DeviceError, match="expected a free address"):
                await second.start("127.0.0.1", first.port)
        finally:
            await first.close()

    asyncio.run(use())
