"""A stream: slow readers, clients that vanish, problems, changes and pings."""

import asyncio

from fluoropose.errors import FrameError
from fluoropose.serving.events import FrameProblem, Pong
from fluoropose.serving.stream import MAX_UNREAD_EVENTS
from fluoropose.tracking.session_settings import Change


def kinds(events):
    return [type(event).__name__ for event in events]


def test_a_slow_reader_loses_old_answers_and_holds_nothing_back(stage):
    session = stage.session()

    async def run():
        stream = stage.streams.attach(session, "ws")
        for _ in range(5):
            stream.offer(stage.frame())
            while session.running is not None or session.waiting:
                await asyncio.sleep(0.005)
        events = await stream.next()
        stream.close()
        return events

    events = stage.run(run())
    assert kinds(events) == ["FrameResult"]
    assert events[0].seq == 4
    assert events[0].dropped == 4
    assert stage.accounted() == (5, 1, 4)


def test_problems_that_nobody_reads_are_bounded_and_counted(stage):
    session = stage.session()

    async def run():
        stream = stage.streams.attach(session, "ws")
        for _ in range(200):
            stream.refuse(FrameError("expected a frame, got none"))
        events = await stream.next()
        stream.close()
        return events

    assert kinds(stage.run(run())) == ["FrameProblem"] * MAX_UNREAD_EVENTS
    assert stage.accounted() == (200, 0, 200)


def test_a_client_that_vanishes_mid_frame_leaves_the_session_to_come_back_to(stage):
    session = stage.session()

    async def run():
        stream = stage.streams.attach(session, "ws")
        stream.offer(stage.frame())
        stream.offer(stage.frame())
        stream.close()
        while session.running is not None:
            await asyncio.sleep(0.005)
        again = stage.streams.attach(session, "ws")
        again.offer(stage.frame())
        events = await again.next()
        again.close()
        return events

    events = stage.run(run())
    assert [event.seq for event in events] == [2]
    assert session.dropped == {"disconnected": 2}


def test_a_frame_refused_while_draining_is_a_problem(stage):
    session = stage.session()

    async def run():
        stream = stage.streams.attach(session, "ws")
        session.drain()
        stream.offer(stage.frame())
        events = await stream.next()
        stream.close()
        return events

    (event,) = stage.run(run())
    assert isinstance(event, FrameProblem)
    assert event.error.code == "not-ready"
    assert session.dropped == {"draining": 1}


def test_a_ping_and_a_change_that_is_refused_are_events(stage):
    session = stage.session()

    async def run():
        stream = stage.streams.attach(session, "ws")
        stream.pong(12.5)
        stream.change(Change(remove=("nobody",)))
        events = await stream.next()
        stream.close()
        return events

    pong, problem = stage.run(run())
    assert isinstance(pong, Pong)
    assert pong.client_time == 12.5
    assert problem.error.code == "unknown-object"
