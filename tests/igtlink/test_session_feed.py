"""A session's feed: the newest frame of each camera is sent, results find their frames, a lost session is opened again."""

import asyncio

import numpy as np
import pytest

from fluoropose.client import LinkLostError, ProblemError
from fluoropose.igtlink.session_feed import IncomingFrame, SessionFeed


class FakeTracker:
    """A session whose pushes wait for `free`; each push is answered at once. `losses` are raised by the next pushes."""

    def __init__(self):
        self.pushed, self.opened, self.closed = [], 0, False
        self.free, self.losses, self.refusal = asyncio.Event(), [], None
        self.coming = asyncio.Queue()

    async def open(self):
        if self.refusal is not None:
            raise self.refusal
        self.opened += 1

    async def push(self, pixels, captured_at=None, **view):
        await self.free.wait()
        if self.losses:
            raise self.losses.pop()
        self.pushed.append((int(pixels[0, 0]), captured_at, view))
        seq = len(self.pushed) - 1
        await self.coming.put({"type": "result", "seq": seq})
        return seq

    async def events(self):
        while True:
            yield await self.coming.get()

    async def close(self):
        self.closed = True


class FakeClient:
    def __init__(self, tracker):
        self.tracker, self.asked = tracker, None

    async def track(self, **opening):
        self.asked = opening
        return self.tracker


def frame(value, camera=None):
    return IncomingFrame(np.full((2, 2), value), camera, 100.0 + value)


def fed(use):
    """Run a feed beside `use(feed, tracker)`; return the tracker, the events with their frames, and link's words."""
    events, words = [], []

    async def run():
        tracker = FakeTracker()
        client = FakeClient(tracker)
        feed = SessionFeed(
            client, {"case": "a"}, lambda event, frame: events.append((event["type"], frame)), words.append
        )
        await feed.open()
        assert client.asked == {"case": "a"}
        running = asyncio.create_task(feed.run())
        try:
            await asyncio.wait_for(use(feed, tracker, running), 20)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await feed.close()
        return tracker, feed

    tracker, feed = asyncio.run(run())
    assert tracker.closed
    return tracker, feed, events, words


async def until(holds):
    while not holds():
        await asyncio.sleep(0.005)


def test_the_newest_frame_of_each_camera_wins():
    async def use(feed, tracker, _):
        feed.offer(frame(1, "a"))
        await asyncio.sleep(0.02)  # it is being pushed, and waits there
        for value in (2, 3, 4):
            feed.offer(frame(value, "a"))
        feed.offer(frame(9, "b"))
        tracker.free.set()
        await until(lambda: feed.counts.answered == 3)

    tracker, feed, events, words = fed(use)
    assert [(value, view["camera"]) for value, _, view in tracker.pushed] == [(1, "a"), (4, "a"), (9, "b")]
    assert [one.time_s for _, one in events] == [101.0, 104.0, 109.0]
    assert (feed.counts.received, feed.counts.replaced, feed.counts.sent) == (5, 2, 3)
    assert words == [""]


def test_a_lost_session_is_opened_again_and_told():
    async def use(feed, tracker, _):
        tracker.free.set()
        tracker.losses.append(LinkLostError("gone"))
        feed.offer(frame(1))
        await until(lambda: tracker.opened == 1)
        feed.offer(frame(2))
        await until(lambda: feed.counts.answered == 1)

    tracker, _, _, words = fed(use)
    assert words == ["", "gone", ""]
    assert [value for value, _, _ in tracker.pushed] == [2]


def test_a_refusal_that_stays_ends_the_feed():
    async def use(feed, tracker, running):
        tracker.free.set()
        tracker.losses.append(LinkLostError("gone"))
        tracker.refusal = ProblemError(404, {"code": "unknown-case", "title": "no", "detail": "case"})
        feed.offer(frame(1))
        with pytest.raises(ProblemError, match="no: case"):
            await running

    fed(use)


def test_problems_are_counted_and_passed_on():
    async def use(feed, tracker, _):
        await tracker.coming.put({"type": "pong"})
        await tracker.coming.put({"type": "problem", "seq": None, "code": "invalid-frame"})
        await until(lambda: feed.counts.refused == 1)

    _, _, events, _ = fed(use)
    assert events == [("problem", None)]
