"""Streams: one writer, slow readers, drain."""

import asyncio

import pytest

from fluoropose.errors import FrameError
from fluoropose.serving.messages import FrameResult
from fluoropose.serving.stream import FrameProblem, GoingAway, StreamEnd, WriterError


def kinds(events):
    return [type(event).__name__ for event in events]


def test_one_writer_unless_taken_over(stage):
    session = stage.session()

    async def run():
        first = stage.streams.attach(session, "ws")
        with pytest.raises(WriterError):
            stage.streams.attach(session, "grpc")
        with pytest.raises(WriterError):
            stage.streams.require_free(session)
        second = stage.streams.attach(session, "grpc", takeover=True)
        assert await first.next() == [StreamEnd("taken-over")]
        first.offer(stage.frame())
        first.close()
        second.offer(stage.frame())
        assert kinds(await second.next()) == ["FrameResult"]
        second.close()
        stage.streams.require_free(session)

    stage.run(run())
    assert stage.accounted() == (1, 1, 0)
    assert stage.count("streams_active", transport="ws") == stage.count("streams_active", transport="grpc") == 0


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

    assert kinds(stage.run(run())) == ["FrameProblem"] * 64
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


def test_draining_tells_answers_and_ends(stage, pose):
    session, idle = stage.session(), stage.session()

    async def run():
        stream, quiet = stage.streams.attach(session, "ws"), stage.streams.attach(idle, "grpc")
        stream.offer(stage.frame())
        events, quiets = [], []

        async def read(one, into):
            while not into or not isinstance(into[-1], StreamEnd):
                into += await one.next()

        reading = [asyncio.ensure_future(read(stream, events)), asyncio.ensure_future(read(quiet, quiets))]
        await stage.streams.drain(5.0)
        await asyncio.gather(*reading)
        stream.offer(stage.frame())
        return events, quiets

    events, quiets = stage.run(run())
    assert kinds(events) == ["GoingAway", "FrameResult", "StreamEnd"]
    assert kinds(quiets) == ["GoingAway", "StreamEnd"]
    assert events[-1] == StreamEnd("going-away")
    assert isinstance(events[0], GoingAway)
    assert isinstance(events[1], FrameResult)
    stage.service.sessions.close(session.name)


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
