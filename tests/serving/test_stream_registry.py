"""Streams of sessions: one writer each, all told and ended when the service goes away."""

import asyncio

import pytest

from fluoropose.errors import NotReadyError, UnknownCaseError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.events import GoingAway, StreamEnd
from fluoropose.serving.messages import FrameResult
from fluoropose.serving.stream_registry import WriterError
from fluoropose.tracking.session_settings import SessionSettings


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


def test_sessions_are_opened_and_refused_as_the_metrics_say(stage, camera):
    def settings(case):
        return SessionSettings.from_camera(case, camera, PixelMeaning.INTENSITY)

    async def run():
        session = await stage.streams.open(settings("small"))
        with pytest.raises(UnknownCaseError):
            await stage.streams.open(settings("nobody"))
        stage.service.draining = True
        with pytest.raises(NotReadyError, match="going away"):
            await stage.streams.open(settings("small"))
        stage.streams.close(session)

    stage.run(run())
    outcomes = {outcome: stage.count("sessions_total", outcome=outcome) for outcome in ("opened", "failed", "closed")}
    assert outcomes == {"opened": 1.0, "failed": 1.0, "closed": 1.0}
