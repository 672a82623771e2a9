"""What goes on beside the frames: GPUs, tasks and pauses in the metrics, liveness, sessions that expire."""

import asyncio
import gc
import time

import pytest

from fluoropose.errors import FrameError
from fluoropose.inference.gpus import Gpu
from fluoropose.serving.housekeeping import Housekeeping, Intervals
from fluoropose.serving.service import Service
from fluoropose.serving.session_registry import SessionRegistry

QUICK = Intervals(beat_s=0.005)


@pytest.fixture
def beating(stage):
    """Run housekeeping until a condition holds; return it."""

    async def beat(until, gpus, intervals):
        housekeeping = Housekeeping(stage.broker, stage.streams, intervals, lambda: gpus)
        running = asyncio.ensure_future(housekeeping.run())
        while not until():
            await asyncio.sleep(0.005)
        running.cancel()
        return housekeeping

    return lambda until, gpus=(), intervals=QUICK: stage.run(beat(until, gpus, intervals))


def test_gpus_are_in_the_metrics_and_what_they_do_not_tell_is_not(stage, beating):
    beating(lambda: stage.count("gpu_up") == 1.0, [Gpu("A card", "GPU-1", 2000, 500, 0.25, None, 44.0)])
    told = {
        name: stage.metrics.registry.get_sample_value(f"fluoropose_gpu_{name}", {"gpu": "0", "uuid": "GPU-1"})
        for name in (
            "utilization_ratio",
            "memory_used_bytes",
            "memory_total_bytes",
            "temperature_celsius",
            "power_watts",
        )
    }
    assert list(told.values()) == [0.25, 500.0, 2000.0, 44.0, None]


def test_without_a_gpu_the_metrics_say_so(stage, beating):
    beating(lambda: stage.count("event_loop_tasks") >= 2.0)
    assert stage.count("gpu_up") == 0.0


def test_the_loops_lag_and_the_collectors_pauses_are_counted(stage, beating):
    def collected():
        gc.collect()
        return stage.count("gc_pause_seconds_count") >= 3.0 and stage.count("event_loop_lag_seconds_count") >= 3.0

    beating(collected)
    assert stage.count("gc_pause_seconds_sum") > 0.0


def test_a_frame_that_keeps_the_device_for_too_long_is_no_life(stage, beating, monkeypatch):
    """The device takes half a second over a frame, of which a fifth is too long here."""

    def register(*arguments):
        time.sleep(0.5)
        raise FrameError("expected pixels, got none")

    monkeypatch.setattr(Service, "register_objects", register)
    intervals = Intervals(beat_s=0.005, stuck_s=0.2)

    async def run():
        housekeeping = Housekeeping(stage.broker, stage.streams, intervals, list)
        running = asyncio.ensure_future(housekeeping.run())
        stage.broker.offer(session, stage.frame(), "ws", lambda dropped: None)
        seen = []
        while not stage.broker.idle:
            seen.append(housekeeping.is_alive())
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
        running.cancel()
        return seen, housekeeping.is_alive()

    session = stage.session()
    seen, afterwards = stage.run(run())
    assert seen[0]
    assert False in seen
    assert afterwards


def test_an_event_loop_that_stands_still_is_no_life(stage, beating):
    intervals = Intervals(beat_s=0.005, stuck_s=0.2)
    housekeeping = beating(lambda: stage.count("event_loop_lag_seconds_count") >= 1.0, (), intervals)
    assert housekeeping.is_alive()
    time.sleep(0.3)
    assert not housekeeping.is_alive()


def test_sessions_without_a_frame_for_too_long_expire_and_are_counted(stage, beating, monkeypatch):
    monkeypatch.setattr(stage.service, "sessions", SessionRegistry(idle_s=0.0))
    session = stage.session()
    beating(lambda: stage.count("sessions_total", outcome="expired") == 1.0)
    assert session.closed


def test_the_log_sums_up_the_sessions_that_had_frames(stage, beating, caplog):
    caplog.set_level("INFO", "fluoropose.sessions")
    quiet, busy = stage.session(), stage.session()

    async def run():
        await stage.broker.answer(busy, stage.frame(), "http")

    stage.run(run())
    beating(lambda: bool(caplog.records))
    (record,) = caplog.records
    assert record.fields["session"] == busy.name[:6] != quiet.name[:6]
    assert record.fields["answered"] == 1
