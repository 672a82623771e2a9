"""`bench load`: a service under an open load. Arrival times are fixed beforehand, so slow answers slow no sender.

Before and after each load, registration alone is measured in this process, on the same frames sent at the same rate,
from when a frame was due to its pose: what the service adds is the cost of the transport. The rate without pauses is
the capacity of the machine. The measures before and after a load both count, since a machine's speed drifts. The server
is a process of its own; its metrics say what it did.
"""

import asyncio
import gc
import selectors
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.client import TRANSPORTS
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_order import alternate_directions
from fluoropose.evaluation.frame_registration import register_frame
from fluoropose.evaluation.load_point import Load, LoadFrames, LoadRow, percentiles
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.server_process import RunningServer, server_process
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.geometry.camera import Camera
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.tracking.tracker import Tracker

__all__ = ["Load", "LoadPlan", "load_frames", "parse_load", "run_loads", "serve_load"]

_FRAMES = 60
_ENGINE_SECONDS = 15.0
_UNPACED = 300


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Which loads, how long, on what; with an `address` a service that runs already is loaded."""

    loads: list[Load]
    seconds: float
    size_px: int
    seed: int
    cases: Path
    models: Path
    cuda_graphs: bool
    address: str
    grpc_address: str


def parse_load(text: str) -> Load:
    """Return TRANSPORT:SESSIONS:FPS, or raise InputError."""
    parts = text.split(":")
    try:
        load = Load(parts[0], int(parts[1]), float(parts[2]))
    except (IndexError, ValueError):
        load = Load("", 0, 0.0)
    if len(parts) != 3 or load.transport not in TRANSPORTS or not (1 <= load.sessions <= 64 and 0 < load.fps <= 240):
        raise InputError(
            f"expected --load TRANSPORT:SESSIONS:FPS with http, ws or grpc, 1 to 64 and at most 240, got {text!r}"
        )
    return load


def run_loads(
    resident: ResidentCase,
    plan: LoadPlan,
    environment: Environment,
    show: Callable[[list[dict[str, Any]]], None] = lambda rows: None,
) -> dict[str, Any]:
    """Run each load and return the rows, the times of registration alone beside them.

    `show` is called after each load with the rows so far.
    """
    loads = plan.loads
    count = min(_FRAMES, max(2, int(10 * plan.seconds)))
    sent = load_frames(resident, plan.size_px, plan.seed, count, environment)
    # To go through what is there already, the garbage collector would stop the senders for 0.1 s, once a minute.
    gc.collect()
    gc.freeze()
    fps, seconds = max(load.fps for load in loads), min(_ENGINE_SECONDS, plan.seconds)
    measures = [_measure_engine(resident, sent, fps, seconds, environment)]
    rows: list[dict[str, Any]] = []
    for load in loads:
        with serve_load(plan, environment) as server, asyncio.Runner(loop_factory=_fine_loop) as runner:
            row = runner.run(LoadRow(load, server, plan.seconds, sent, environment.progress).run())
        measures.append(_measure_engine(resident, sent, fps, seconds, environment))
        row |= _beside_engine(row, load, _engine_facts(measures[-2:], fps))
        rows.append(row | {"start_to_ready_s": server.start_to_ready_s})
        show(rows)
    return {
        "object": sent.case,
        "size_px": plan.size_px,
        "engine": _engine_facts(measures, fps),
        "loads": rows,
        "machine": machine_name(),
    }


def _beside_engine(row: dict[str, Any], load: Load, engine: dict[str, Any]) -> dict[str, Any]:
    """Return what the transport cost, and how many frames were answered of those that the machine could have."""
    offered = min(load.sessions * load.fps, engine["capacity_fps"])
    return {
        "engine": engine,
        "transport_cost_p99_ms": row["frame_age_ms"]["p99"] - engine["paced_ms"]["p99"],
        "answered_of_possible": row["answered_per_s"] / offered,
    }


def _fine_loop() -> asyncio.AbstractEventLoop:
    """Return a loop whose timers are good to microseconds; epoll's wait whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def serve_load(plan: LoadPlan, environment: Environment) -> AbstractContextManager[RunningServer]:
    """Return the server of a load as a context: one that is started for it, or the one at the plan's address."""
    if plan.address:
        return nullcontext(RunningServer(plan.address, plan.grpc_address, None))
    extra = ("--log-level", "warning", *(["--cuda-graphs"] if plan.cuda_graphs else []))
    return server_process(plan.cases, plan.models, environment.threads, environment.device, extra)


def load_frames(resident: ResidentCase, size_px: int, seed: int, count: int, environment: Environment) -> LoadFrames:
    """Return simulated frames at the size asked for; repeating pixels keeps the picture and makes the bytes real."""
    if size_px not in (256, 512, 1024, 2048):
        raise InputError(f"expected --size 256, 512, 1024 or 2048, got {size_px}")
    scene, truths = simulate_truths(resident.case, count, 30.0, seed, environment)
    frames, camera = [truth.pixels for truth in truths], scene.camera
    factor = size_px / camera.rows
    if factor > 1:
        frames = [np.repeat(np.repeat(frame, int(factor), 0), int(factor), 1) for frame in frames]
    elif factor < 1:
        step = round(1 / factor)
        frames = [np.ascontiguousarray(frame[::step, ::step]) for frame in frames]
    camera_from_old = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])
    resized = Camera(frames[0].shape[0], frames[0].shape[1], camera_from_old @ camera.intrinsic_matrix)
    return LoadFrames(resident.case.name, resized, frames, [truth.camera_from_volume for truth in truths])


def _measure_engine(
    resident: ResidentCase, sent: LoadFrames, fps: float, seconds: float, environment: Environment
) -> tuple[list[float], list[float]]:
    """Return times of registration alone in ms, without pauses and at `fps`: on this thread, without any transport."""
    frames = sent.frames
    paced = int(seconds * fps)
    unpaced = min(_UNPACED, paced)
    order = alternate_directions(len(frames), max(30, paced) // (len(frames) - 1) + 2)
    centre_mm = resident.case.atlas.view.centre_mm

    def follow(count: int, pause_s: float) -> list[float]:
        tracker, times_ms, began = Tracker(sent.truths[0], centre_mm), [], time.perf_counter()
        with environment.progress("registration alone, " + ("paced" if pause_s else "unpaced")) as report:
            for n in range(count):
                due = began + n * pause_s
                time.sleep(max(0.0, due - time.perf_counter()))
                started = due if pause_s else time.perf_counter()
                plan = tracker.plan(n / 30.0)
                found = register_frame(resident, frames[order[n]], sent.camera, plan)
                tracker.receive(found.camera_from_volume, found.assessment.status, n / 30.0, plan)
                times_ms.append(1e3 * (time.perf_counter() - started))
                if n % 10 == 9:
                    report(n + 1, count)
        return times_ms

    follow(30, 0.0)
    return follow(unpaced, 0.0), follow(paced, 1.0 / fps)


def _engine_facts(measures: list[tuple[list[float], list[float]]], fps: float) -> dict[str, Any]:
    """Return capacity and paced times over several measures."""
    unpaced = [time_ms for measure, _ in measures for time_ms in measure]
    paced = [time_ms for _, measure in measures for time_ms in measure]
    return {"capacity_fps": 1e3 * len(unpaced) / sum(unpaced), "paced_fps": fps, "paced_ms": percentiles(paced)}
