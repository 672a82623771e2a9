"""Observers of sessions: bounded in number, shown what the writer is given, ended with the session."""

import asyncio

import pytest

from fluoropose.serving.events import StreamEnd
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.serving.watch import WatchRequest
from fluoropose.serving.watch_registry import MAX_WATCHES, MAX_WATCHES_PER_SESSION


def test_observers_are_bounded_and_make_room_when_they_go(stage):
    watches = stage.broker.watches
    session = stage.session()
    there = [watches.attach(session, WatchRequest()) for _ in range(MAX_WATCHES_PER_SESSION)]
    with pytest.raises(OverloadedError, match="of a session"):
        watches.attach(session, WatchRequest())
    there[0].close()
    there[0].close()
    watches.attach(session, WatchRequest())
    while len(watches) < MAX_WATCHES:
        other = stage.session()
        for _ in range(MAX_WATCHES_PER_SESSION):
            watches.attach(other, WatchRequest())
    with pytest.raises(OverloadedError, match="at most 64 observers"):
        watches.attach(stage.session(), WatchRequest())


def test_what_the_writer_is_given_is_shown_to_all_and_ends_with_the_session(stage):
    session, other = stage.session(), stage.session()

    async def run():
        one, two, apart = (stage.broker.watches.attach(of, WatchRequest()) for of in (session, session, other))
        result = await stage.broker.answer(session, stage.frame(seq=3), "http")
        for watch in (one, two):
            (shown,) = await watch.next()
            assert shown.frame.result is result
        stage.streams.close(session)
        assert await one.next() == await two.next() == StreamEnd("closed")
        await stage.streams.drain(0.1)
        assert await apart.next() == StreamEnd("going-away")
        return await stage.broker.watches.run(lambda: 5)

    assert stage.run(run()) == 5
    assert len(stage.broker.watches) == 0


def test_a_frame_is_not_kept_where_nobody_watches(stage):
    session = stage.session()

    async def run():
        watch = stage.broker.watches.attach(session, WatchRequest())
        watch.close()
        await stage.broker.answer(session, stage.frame(), "http")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watch.next(), 0.05)

    stage.run(run())
