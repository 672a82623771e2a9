"""Frames over gRPC: what a link sends, and which errors it raises. The stream is a fake one."""

import asyncio

import numpy as np
import pytest

from fluoropose.client.grpc_channel import RpcCallError
from fluoropose.client.grpc_link import GrpcLink, to_client_error
from fluoropose.client.links import LinkLostError, OutgoingFrame, ProblemError
from support.grpc_errors import call_error

FRAME = OutgoingFrame(7, np.array([[1, 2], [3, 4]], np.uint16), 12.5, {"camera": "side"})


class FakeStream:
    """A stream that keeps what is sent and gives what it was made with."""

    def __init__(self, *events):
        self.events = list(events)
        self.sent = []
        self.cancelled = False

    async def send(self, message):
        if self.events and isinstance(self.events[0], Exception):
            raise self.events[0]
        self.sent.append(message)

    async def receive(self):
        event = self.events.pop(0)
        if isinstance(event, Exception):
            raise event
        return event

    def cancel(self):
        self.cancelled = True


class FakeChannel:
    def __init__(self, answer):
        self.answer = answer

    async def track(self, session, takeover):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def open_link(stream):
    return await GrpcLink.open(FakeChannel(stream), "abc")


REFUSED, BROKEN = RpcCallError(call_error("session-taken: by another")), RpcCallError(call_error("socket closed"))


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (REFUSED, ProblemError, "session-taken"),
        (BROKEN, LinkLostError, "link-lost"),
        (ConnectionError("the stream has ended"), LinkLostError, "link-lost"),
    ],
    ids=["refused", "broken", "ended"],
)
def test_errors_are_refusals_or_lost_links(error, kind, code):
    async def run():
        with pytest.raises(kind):
            await open_link(error)
        link = await open_link(FakeStream(error))
        with pytest.raises(kind):
            await link.send(FRAME)
        with pytest.raises(kind):
            await link.receive()

    assert to_client_error(error).code == code
    asyncio.run(run())


def test_frames_changes_and_pings_are_messages_of_their_kind():
    async def run():
        stream = FakeStream({"type": "result", "seq": 7})
        link = await open_link(stream)
        await link.send(FRAME)
        await link.restart({"case": "x"})
        await link.ping(12.5)
        event = await link.receive()
        await link.close()
        return stream, event

    stream, event = asyncio.run(run())
    frame, restart, ping = stream.sent
    assert (frame.frame.data, frame.frame.seq, frame.frame.camera) == (FRAME.body(), 7, "side")
    assert (restart.restart.case, ping.ping.client_time) == ("x", 12.5)
    assert event == {"type": "result", "seq": 7}
    assert stream.cancelled
