"""What goes on beside the frames: GPUs, tasks and pauses in the metrics, liveness, sessions that expire."""

import asyncio
import gc
import time

import pytest

from fluoropose.inference.gpus import Gpu
from fluoropose.serving import housekeeping as housekeeping_module
from fluoropose.serving.housekeeping import STUCK_SECONDS, Housekeeping


@pytest.fixture
def beating(stage, monkeypatch):
    """Run a pulse until a condition holds; return it."""
    monkeypatch.setattr(housekeeping_module, "_BEAT_S", 0.005)

    async def beat(until):
        housekeeping = Housekeeping(stage.streams, stage.metrics)
        running = asyncio.ensure_future(housekeeping.run())
        while not until():
            await asyncio.sleep(0.005)
        running.cancel()
        return housekeeping

    return lambda until: stage.run(beat(until))


def test_gpus_are_in_the_metrics_and_what_they_do_not_tell_is_not(stage, beating, monkeypatch):
    monkeypatch.setattr(housekeeping_module, "list_gpus", lambda: [Gpu("A card", "GPU-1", 2000, 500, 0.25, None, 44.0)])
    beating(lambda: stage.count("gpu_up") == 1.0)
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


def test_without_a_gpu_the_metrics_say_so(stage, beating, monkeypatch):
    monkeypatch.setattr(housekeeping_module, "list_gpus", lambda: [])
    beating(lambda: stage.count("event_loop_tasks") >= 2.0)
    assert stage.count("gpu_up") == 0.0


def test_the_loops_lag_and_the_collectors_pauses_are_counted(stage, beating):
    def collected():
        gc.collect()
        return stage.count("gc_pause_seconds_count") >= 3.0 and stage.count("event_loop_lag_seconds_count") >= 3.0

    beating(collected)
    assert stage.count("gc_pause_seconds_sum") > 0.0


def test_a_frame_that_keeps_the_device_for_too_long_is_no_life(stage, beating):
    housekeeping = beating(lambda: stage.count("event_loop_lag_seconds_count") >= 1.0)
    assert housekeeping.alive()
    worker = stage.broker.scheduler.workers[0]
    worker.begin()
    worker.busy_since_s -= STUCK_SECONDS + 1.0
    assert not housekeeping.alive()
    worker.end()
    assert housekeeping.alive()
    housekeeping.turned_s = time.monotonic() - STUCK_SECONDS - 1.0
    assert not housekeeping.alive()


def test_sessions_without_a_frame_for_too_long_expire_and_are_counted(stage, beating, monkeypatch):
    session = stage.session()
    monkeypatch.setattr(stage.service.sessions, "_idle_s", 0.0)
    beating(lambda: stage.count("sessions_total", outcome="expired") == 1.0)
    assert session.closed
