"""Streams: one writer, slow readers, drain."""

import asyncio

import pytest

from fluoropose.errors import FrameError
from fluoropose.streaming.frames import Result
from fluoropose.streaming.line import Ended, GoingAway, Problem, WriterError


def kinds(events):
    return [type(event).__name__ for event in events]


def test_one_writer_unless_taken_over(stage):
    session = stage.session()

    async def run():
        first = stage.lines.attach(session, "ws")
        with pytest.raises(WriterError):
            stage.lines.attach(session, "grpc")
        with pytest.raises(WriterError):
            stage.lines.require_free(session)
        second = stage.lines.attach(session, "grpc", takeover=True)
        assert await first.next() == [Ended("taken-over")]
        first.offer(stage.frame())
        first.close()
        second.offer(stage.frame())
        assert kinds(await second.next()) == ["Result"]
        second.close()
        stage.lines.require_free(session)

    stage.run(run())
    assert stage.accounted() == (1, 1, 0)
    assert stage.count("streams_active", transport="ws") == stage.count("streams_active", transport="grpc") == 0


def test_a_slow_reader_loses_old_answers_and_holds_nothing_back(stage):
    session = stage.session()

    async def run():
        line = stage.lines.attach(session, "ws")
        for _ in range(5):
            line.offer(stage.frame())
            while session.running is not None or session.waiting:
                await asyncio.sleep(0.005)
        events = await line.next()
        line.close()
        return events

    events = stage.run(run())
    assert kinds(events) == ["Result"]
    assert events[0].seq == 4
    assert events[0].dropped == 4
    assert stage.accounted() == (5, 1, 4)


def test_problems_that_nobody_reads_are_bounded_and_counted(stage):
    session = stage.session()

    async def run():
        line = stage.lines.attach(session, "ws")
        for _ in range(200):
            line.refuse(FrameError("expected a frame, got none"))
        events = await line.next()
        line.close()
        return events

    assert kinds(stage.run(run())) == ["Problem"] * 64
    assert stage.accounted() == (200, 0, 200)


def test_a_client_that_vanishes_mid_frame_leaves_the_session_to_come_back_to(stage):
    session = stage.session()

    async def run():
        line = stage.lines.attach(session, "ws")
        line.offer(stage.frame())
        line.offer(stage.frame())
        line.close()
        while session.running is not None:
            await asyncio.sleep(0.005)
        again = stage.lines.attach(session, "ws")
        again.offer(stage.frame())
        events = await again.next()
        again.close()
        return events

    events = stage.run(run())
    assert [event.seq for event in events] == [2]
    assert session.dropped == {"disconnected": 2}


def test_draining_tells_answers_and_ends(stage, pose):
    session, idle = stage.session(), stage.session()

    async def run():
        line, quiet = stage.lines.attach(session, "ws"), stage.lines.attach(idle, "grpc")
        line.offer(stage.frame())
        events, quiets = [], []

        async def read(one, into):
            while not into or not isinstance(into[-1], Ended):
                into += await one.next()

        reading = [asyncio.ensure_future(read(line, events)), asyncio.ensure_future(read(quiet, quiets))]
        await stage.lines.drain(5.0)
        await asyncio.gather(*reading)
        line.offer(stage.frame())
        return events, quiets

    events, quiets = stage.run(run())
    assert kinds(events) == ["GoingAway", "Result", "Ended"]
    assert kinds(quiets) == ["GoingAway", "Ended"]
    assert events[-1] == Ended("going-away")
    assert isinstance(events[0], GoingAway)
    assert isinstance(events[1], Result)
    stage.service.sessions.close(session.name)


def test_a_frame_refused_while_draining_is_a_problem(stage):
    session = stage.session()

    async def run():
        line = stage.lines.attach(session, "ws")
        session.drain()
        line.offer(stage.frame())
        events = await line.next()
        line.close()
        return events

    (event,) = stage.run(run())
    assert isinstance(event, Problem)
    assert event.error.code == "not-ready"
    assert session.dropped == {"draining": 1}
