"""An observer holds one frame, at its own rate; a slow one is shown the newest."""

import asyncio
import time

import pytest

from fluoropose.errors import InputError
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.watch import Watch, WatchRequest


def frames(count):
    return [object() for _ in range(count)]


@pytest.mark.parametrize(
    "fields", [{"fps": 0}, {"fps": 61}, {"fps": float("nan")}, {"max_side": 4}, {"max_side": 4096}]
)
def test_a_rate_or_side_out_of_range_is_refused(fields):
    with pytest.raises(InputError, match="expected"):
        WatchRequest(**fields)


def test_a_slow_observer_gets_the_newest_and_learns_how_many_it_missed():
    async def run():
        watch = Watch(None, WatchRequest(fps=60), lambda gone: None)
        some = frames(20)
        watch.show(some[0])
        first = await watch.next()
        for one in some[1:]:
            watch.show(one)
        second = await watch.next()
        assert (first.frame, first.skipped) == (some[0], 0)
        assert (second.frame, second.skipped) == (some[-1], 18)

    asyncio.run(run())


def test_frames_come_at_most_at_the_rate_that_was_asked_for():
    async def run():
        watch, shown = Watch(None, WatchRequest(fps=10), lambda gone: None), 0
        began = time.monotonic()
        while shown < 5:
            watch.show(object())
            await watch.next()
            shown += 1
        # The first is due at once, and the second after half a period.
        assert time.monotonic() - began >= 0.34

    asyncio.run(run())


def test_the_end_comes_at_once_and_before_frames_that_wait():
    async def run():
        watch = Watch(None, WatchRequest(fps=0.1), lambda gone: None)
        watch.show(object())
        await watch.next()
        watch.show(object())
        waiting = asyncio.ensure_future(watch.next())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        watch.end("expired")
        watch.end("closed")
        assert await asyncio.wait_for(waiting, 5) == StreamEnd("expired")
        assert await watch.next() == StreamEnd("expired")

    asyncio.run(run())
