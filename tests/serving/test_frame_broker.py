"""The frame broker: newest first under stress, fair turns, faults that stay where they happen."""

import asyncio
import threading
import time

import numpy as np
import pytest

from fluoropose.errors import DeviceError, FluoroposeError, FrameError, UnknownSessionError
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.messages import EncodedFrame, FrameResult
from fluoropose.serving.service import Service
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.tracking.jobs import FrameSupersededError
from fluoropose.tracking.session_settings import Change


@pytest.mark.parametrize("policy", ["latest", "reject"])
def test_of_many_frames_at_once_every_one_is_answered_or_counted(stage, policy):
    session = stage.session(policy=policy)

    async def run():
        sent = [stage.broker.answer(session, stage.frame(seq=n), "http") for n in range(12)]
        return await asyncio.gather(*sent, return_exceptions=True)

    answers = stage.run(run())
    results = [answer.seq for answer in answers if isinstance(answer, FrameResult)]
    refused = [answer for answer in answers if isinstance(answer, FrameSupersededError)]
    assert len(results) + len(refused) == 12
    assert refused
    assert results == sorted(results)
    if policy == "latest":
        assert results[-1] == 11
    assert stage.accounted() == (12, len(results), len(refused))


@pytest.mark.parametrize("one", ["frame", "instant"])
def test_a_frame_that_nobody_waits_for_any_more_is_counted_and_forgotten(stage, one):
    """As where a client's deadline passes while its frame is worked on."""
    session, broker = stage.session(), stage.broker

    async def run():
        frame = stage.frame(seq=0)
        asked = (
            broker.answer(session, frame, "grpc") if one == "frame" else broker.answer_views(session, [frame], "grpc")
        )
        waiting = asyncio.create_task(asked)
        await asyncio.sleep(0)
        waiting.cancel()
        until = time.monotonic() + 20
        while not broker.idle and time.monotonic() < until:
            await asyncio.sleep(0.01)

    stage.run(run())
    assert broker.idle
    assert stage.accounted() == (1, 1, 0)


def test_every_frame_is_accounted_for_under_stress(stage):
    """Many sessions, bursts, bad frames, restarts, clients that leave and sessions that end, all at once."""
    rng = np.random.default_rng(5)
    sessions = [stage.session(max_frame_age_ms=float(age)) for age in (1, 50, 50, 60_000)]
    outcomes = []

    async def client(session, number):
        for n in range(25):
            bad = rng.random() < 0.2 and (number, n) != (3, 24)  # the last one of all is answered, however slow
            frame = EncodedFrame(b"torn", "image/png") if bad else stage.frame(captured_s=time.time() - 0.02 * bad)
            outcomes.append(asyncio.ensure_future(stage.broker.answer(session, frame, "ws")))
            await asyncio.sleep(rng.uniform(0, 0.02))
            if n == 12 and number == 1:
                session.change(Change(), {})
            if n == 18 and number == 2:
                stage.broker.end(session)

    async def run():
        await asyncio.gather(*(client(session, number) for number, session in enumerate(sessions)))
        return await asyncio.gather(*outcomes, return_exceptions=True)

    answers = stage.run(run())
    assert len(answers) == 100
    assert all(isinstance(answer, FrameResult | FluoroposeError) for answer in answers)
    received, answered, dropped = stage.accounted()
    assert received == 100 == answered + dropped
    assert answered == sum(isinstance(answer, FrameResult) for answer in answers) > 0
    assert {type(answer) for answer in answers} >= {FrameResult, UnknownSessionError}
    assert all(session.in_flight == 0 for session in sessions)
    assert stage.broker.pending == 0


def test_two_busy_sessions_share_the_device(stage, pose):
    sessions = [stage.session(), stage.session()]
    served = []

    async def busy(session):
        for _ in range(8):
            await stage.broker.answer(session, stage.frame(), "http")
            session.change(Change(initial_pose=pose), {})  # so that no frame is searched, beside the device's turns
            served.append(session)

    async def run():
        await asyncio.gather(*(busy(session) for session in sessions))

    stage.run(run())
    assert all(first is not second for first, second in zip(served, served[1:], strict=False))


def test_a_search_does_not_hold_a_track_up(stage, monkeypatch, pose):
    tracking, lost = stage.session(), stage.session(initial_pose=None)
    started, release = threading.Event(), threading.Event()
    register = Service.register_objects

    def slow_search(service, settings, plans, views):
        if plans["small"].start is None:
            started.set()
            assert release.wait(20)
        return register(service, settings, plans, views)

    async def run():
        searching = asyncio.ensure_future(stage.broker.answer(lost, stage.frame(), "http"))
        await asyncio.to_thread(started.wait, 20)
        results = []
        for _ in range(3):
            results.append(await stage.broker.answer(tracking, stage.frame(), "http"))
            tracking.change(Change(initial_pose=pose), {})
        assert not searching.done()
        release.set()
        return results, await searching

    monkeypatch.setattr(Service, "register_objects", slow_search)
    results, found = stage.run(run())
    assert [result.seq for result in results] == [0, 1, 2]
    assert "locate" in found.timing_ms


def test_a_device_that_fails_costs_one_frame_and_in_a_row_the_readiness(stage, monkeypatch):
    session, other = stage.session(), stage.session()
    stepper = stage.service.case_cache.case("small").stepper
    step = stepper.step

    def broken(*arguments):
        raise DeviceError("expected the network to run, got: out of memory")

    async def run():
        assert (await stage.broker.answer(session, stage.frame(), "http")).seq == 0
        monkeypatch.setattr(stepper, "step", broken)
        for n in range(3):
            assert stage.service.readiness()["status"] == "ok", n
            with pytest.raises(DeviceError, match="out of memory"):
                await stage.broker.answer(session, stage.frame(), "http")
        assert stage.service.readiness()["status"] == "fail"
        monkeypatch.setattr(stepper, "step", step)
        assert (await stage.broker.answer(other, stage.frame(), "http")).seq == 0
        assert (await stage.broker.answer(session, stage.frame(), "http")).seq == 4

    stage.run(run())
    assert stage.service.readiness()["status"] == "ok"
    assert stage.count("inference_failures_total", reason="backend") == 3
    assert stage.count("frames_dropped_total", reason="failed") == 3


def test_an_unexpected_fault_is_told_as_one_and_nothing_of_it_leaks(stage, monkeypatch, caplog):
    session = stage.session()
    monkeypatch.setattr(Service, "register_objects", lambda *arguments: 1 / 0)

    async def run():
        with pytest.raises(FluoroposeError, match="unexpected fault") as fault:
            await stage.broker.answer(session, stage.frame(), "http")
        assert "ZeroDivision" not in str(fault.value)

    stage.run(run())
    assert stage.count("inference_failures_total", reason="other") == 1
    assert any("fault" in record.message for record in caplog.records)


def test_too_much_at_once_is_said_at_once(stage):
    broker = FrameBroker(stage.service, stage.metrics, max_waiting=2)
    sessions = [stage.session() for _ in range(6)]

    async def run():
        sent = [broker.answer(session, stage.frame(), "http") for session in sessions]
        return await asyncio.gather(*sent, return_exceptions=True)

    answers = stage.run(run())
    broker.close()
    assert sum(isinstance(answer, OverloadedError) for answer in answers) == 3
    assert sum(isinstance(answer, FrameResult) for answer in answers) == 3
    assert stage.accounted() == (6, 3, 3)


def test_the_pixels_of_a_refused_frame_do_not_touch_the_session(stage):
    session = stage.session()
    bad = stage.frame(np.full((96, 128), np.inf, np.float32))

    async def run():
        with pytest.raises(FrameError, match="finite"):
            await stage.broker.answer(session, bad, "http")

    stage.run(run())
    assert session.tracker.last_pose is None
    assert session.dropped == {"invalid": 1}


def test_a_case_deleted_while_its_frame_runs_disturbs_nobody_else(stage, monkeypatch):
    session = stage.session()
    release, entered = threading.Event(), threading.Event()
    register = Service.register_objects

    def held(service, settings, plans, views):
        entered.set()
        assert release.wait(20)
        return register(service, settings, plans, views)

    async def run():
        answer = asyncio.ensure_future(stage.broker.answer(session, stage.frame(), "http"))
        await asyncio.to_thread(entered.wait, 20)
        stage.streams.end(session, "closed")
        release.set()
        with pytest.raises(UnknownSessionError, match="has ended"):
            await answer

    monkeypatch.setattr(Service, "register_objects", held)
    stage.run(run())
    assert stage.accounted() == (1, 0, 1)
