"""An observer holds one frame, at its own rate; a slow one is shown the newest."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from fluoropose.errors import InputError
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.watch import Watch, WatchRequest


def of_camera(name="camera"):
    return SimpleNamespace(result=SimpleNamespace(camera=name))


def frames(count):
    return [of_camera() for _ in range(count)]


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
        (first,) = await watch.next()
        for one in some[1:]:
            watch.show(one)
        (second,) = await watch.next()
        assert (first.frame, first.skipped) == (some[0], 0)
        assert (second.frame, second.skipped) == (some[-1], 18)

    asyncio.run(run())


def test_a_camera_hides_no_other():
    async def run():
        watch = Watch(None, WatchRequest(fps=60), lambda gone: None)
        left, right, newer = of_camera("left"), of_camera("right"), of_camera("left")
        for one in (left, right, newer):
            watch.show(one)
        shown = {one.frame.result.camera: one for one in await watch.next()}
        assert (shown["left"].frame, shown["left"].skipped) == (newer, 1)
        assert (shown["right"].frame, shown["right"].skipped) == (right, 0)

    asyncio.run(run())


def test_frames_come_at_most_at_the_rate_that_was_asked_for():
    async def run():
        watch, shown = Watch(None, WatchRequest(fps=10), lambda gone: None), 0
        began = time.monotonic()
        while shown < 5:
            watch.show(of_camera())
            await watch.next()
            shown += 1
        # The first is due at once, and the second after half a period.
        assert time.monotonic() - began >= 0.34

    asyncio.run(run())


def test_the_end_comes_at_once_and_before_frames_that_wait():
    async def run():
        watch = Watch(None, WatchRequest(fps=0.1), lambda gone: None)
        watch.show(of_camera())
        await watch.next()
        watch.show(of_camera())
        waiting = asyncio.ensure_future(watch.next())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        watch.end("expired")
        watch.end("closed")
        assert await asyncio.wait_for(waiting, 5) == StreamEnd("expired")
        assert await watch.next() == StreamEnd("expired")

    asyncio.run(run())
