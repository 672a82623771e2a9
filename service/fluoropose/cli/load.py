"""`bench --load`: a service under an open load. Arrival times are fixed beforehand, so slow answers slow no sender.

The engine alone is paced the same way first: what the service adds to it is the transport's cost, and its rate without
pauses is the machine's capacity. The server is a process of its own; what it did is read from its metrics.
"""

import asyncio
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from fluoropose.api.schemas import camera_json
from fluoropose.cli.console import console, progress_bar
from fluoropose.cli.process import Running, server_process
from fluoropose.cli.stream import there_and_back
from fluoropose.cli.tables import load_table
from fluoropose.cli.training import simulated_truths
from fluoropose.client import TRANSPORTS, AsyncClient, AsyncTracker
from fluoropose.errors import FluoroposeError, InputError
from fluoropose.evaluate.summary import machine_name
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.runtime.engine import ResidentCase
from fluoropose.tracking.tracker import Tracker

__all__ = ["Load", "LoadPlan", "parse_load", "run_loads"]

_FRAMES = 60
_ENGINE_SECONDS = 15.0
_SAMPLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """One row: how many sessions send how many frames per second over which transport."""

    transport: str
    sessions: int
    fps: float


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Which loads, how long, on what; with an `address` a service that runs already is loaded."""

    loads: list[str]
    seconds: float
    size_px: int
    seed: int
    cases: Path
    models: Path
    threads: int
    device: str
    address: str
    grpc_address: str
    cores: int


@dataclass(slots=True)
class _Tally:
    """What the senders saw of one row."""

    sent: int = 0
    late_ms: list[float] = field(default_factory=list)
    ages_ms: list[float] = field(default_factory=list)
    totals_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)


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


def run_loads(resident: ResidentCase, plan: LoadPlan) -> dict[str, Any]:
    """Run each load and return the rows, the engine's own times beside them."""
    loads = [parse_load(text) for text in plan.loads]
    camera, frames, truths = _frames(resident, plan)
    engine = _engine_alone(
        resident, camera, frames, truths, max(load.fps for load in loads), min(_ENGINE_SECONDS, plan.seconds)
    )
    case = resident.case.name
    rows = []
    for load in loads:
        with _served(plan) as server:
            row = asyncio.run(_Row(load, server, plan.seconds, case, camera, frames, truths).run())
        row["transport_cost_p99_ms"] = row["frame_age_ms"]["p99"] - engine["paced_ms"]["p99"]
        row["answered_of_capacity"] = row["answered_per_s"] / engine["capacity_fps"]
        rows.append(row)
        console.print(load_table(rows))
    return {"object": case, "size_px": plan.size_px, "engine": engine, "loads": rows, "machine": machine_name()}


def _served(plan: LoadPlan) -> AbstractContextManager[Running]:
    if plan.address:
        return nullcontext(Running(plan.address, plan.grpc_address, None))
    return server_process(plan.cases, plan.models, plan.threads, plan.device)


def _frames(resident: ResidentCase, plan: LoadPlan) -> tuple[Camera, list[NDArray[Any]], list[Any]]:
    """Return simulated frames at the size asked for; repeating pixels keeps the picture and makes the bytes real."""
    if plan.size_px not in (256, 512, 1024, 2048):
        raise InputError(f"expected --size 256, 512, 1024 or 2048, got {plan.size_px}")
    count = min(_FRAMES, max(2, int(10 * plan.seconds)))
    scene, truths = simulated_truths(resident.case, count, 30.0, plan.seed, plan.cores)
    frames, camera = [truth.pixels for truth in truths], scene.camera
    factor = plan.size_px / camera.rows
    if factor > 1:
        frames = [np.repeat(np.repeat(frame, int(factor), 0), int(factor), 1) for frame in frames]
    elif factor < 1:
        step = round(1 / factor)
        frames = [np.ascontiguousarray(frame[::step, ::step]) for frame in frames]
    camera_from_old = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])
    resized = Camera(frames[0].shape[0], frames[0].shape[1], camera_from_old @ camera.intrinsic_matrix)
    return resized, frames, [truth.camera_from_volume for truth in truths]


def _engine_alone(
    resident: ResidentCase, camera: Camera, frames: list[NDArray[Any]], truths: list[Any], fps: float, seconds: float
) -> dict[str, Any]:
    """Return the engine's times paced at `fps` and its rate without pauses, on this thread, without any transport."""
    order = there_and_back(len(frames), 1000)
    centre_mm = resident.case.atlas.view.centre_mm

    def follow(count: int, pause_s: float) -> list[float]:
        tracker, times_ms, began = Tracker(truths[0], centre_mm), [], time.perf_counter()
        with progress_bar("engine alone, " + ("paced" if pause_s else "unpaced")) as report:
            for n in range(count):
                due = began + n * pause_s
                time.sleep(max(0.0, due - time.perf_counter()))
                started = time.perf_counter()
                plan = tracker.plan(n / 30.0)
                found = resident.register(frames[order[n]], camera, PixelMeaning.INTENSITY, False, plan)
                tracker.receive(found.camera_from_volume, found.judgement.status, n / 30.0, plan)
                times_ms.append(1e3 * (time.perf_counter() - started))
                if n % 10 == 9:
                    report(n + 1, count)
        return times_ms

    follow(30, 0.0)
    unpaced = follow(300, 0.0)
    paced = follow(int(seconds * fps), 1.0 / fps)
    return {"capacity_fps": 1e3 * len(unpaced) / sum(unpaced), "paced_fps": fps, "paced_ms": _percentiles(paced)}


class _Row:
    """One load from its first frame to its last."""

    def __init__(
        self,
        load: Load,
        server: Running,
        seconds: float,
        case: str,
        camera: Camera,
        frames: list[NDArray[Any]],
        truths: list[Any],
    ) -> None:
        self.load, self.server, self.seconds, self.case = load, server, seconds, case
        self.camera, self.frames, self.truths = camera, frames, truths
        self.order = there_and_back(len(frames), int(seconds * load.fps / len(frames)) + 2)
        self.tally = _Tally()
        self.samples: list[tuple[float, dict[str, float]]] = []

    async def run(self) -> dict[str, Any]:
        """Warm up, measure, and return the row."""
        load = self.load
        async with AsyncClient(self.server.http, load.transport, grpc=self.server.grpc) as client:
            trackers = [
                await client.track(self.case, camera_json(self.camera), initial_pose=self.truths[0])
                for _ in range(load.sessions)
            ]
            reading = [asyncio.create_task(self._read(tracker)) for tracker in trackers]
            scraping = asyncio.create_task(self._scrape(client.http))
            began = time.time() + 0.2
            with progress_bar(f"{load.transport}, {load.sessions} x {load.fps:g} fps") as report:
                showing = asyncio.create_task(self._show(began, report))
                sending = [
                    self._send(tracker, began + number / (load.fps * load.sessions))
                    for number, tracker in enumerate(trackers)
                ]
                await asyncio.gather(*sending)
                await asyncio.sleep(0.5)
                showing.cancel()
            scraping.cancel()
            self.samples.append((time.time(), await _metrics(client.http)))
            for task in reading:
                task.cancel()
            for tracker in trackers:
                await tracker.close()
        return self._facts(sum(tracker.reconnects for tracker in trackers))

    async def _send(self, tracker: AsyncTracker, began: float) -> None:
        """Send at fixed times. The capture time is when a frame was due, so a late sender makes it older, not later."""
        for n in range(int(self.seconds * self.load.fps)):
            due = began + n / self.load.fps
            await asyncio.sleep(max(0.0, due - time.time()))
            self.tally.late_ms.append(1e3 * (time.time() - due))
            self.tally.sent += 1
            await tracker.push(self.frames[self.order[n]], captured_at=due)

    async def _read(self, tracker: AsyncTracker) -> None:
        async for event in tracker.events():
            if event["type"] == "problem":
                self.tally.problems[event["code"]] += 1
            elif event["type"] == "result":
                self.tally.statuses[event["status"]] += 1
                self.tally.ages_ms.append(event["age_ms"])
                self.tally.totals_ms.append(event["timing_ms"]["total"])

    async def _scrape(self, http: httpx.AsyncClient) -> None:
        while True:
            self.samples.append((time.time(), await _metrics(http)))
            await asyncio.sleep(_SAMPLE_S)

    async def _show(self, began: float, report: Any) -> None:
        while True:
            report(min(int(self.seconds), int(max(0.0, time.time() - began))), int(self.seconds))
            await asyncio.sleep(0.5)

    def _facts(self, reconnects: int) -> dict[str, Any]:
        first, last = self.samples[0][1], self.samples[-1][1]
        wall_s = self.samples[-1][0] - self.samples[0][0]
        gained = {name: last.get(name, 0.0) - first.get(name, 0.0) for name in last}
        received = _sum(gained, "fluoropose_frames_received_total")
        answered = _sum(gained, "fluoropose_frames_completed_total")
        drops = {_label(name): int(value) for name, value in gained.items() if "frames_dropped_total{" in name}
        tally = self.tally
        return {
            "transport": self.load.transport,
            "sessions": self.load.sessions,
            "fps": self.load.fps,
            "seconds": self.seconds,
            "sent": tally.sent,
            "received": int(received),
            "answered": int(answered),
            "answered_per_s": answered / self.seconds,
            "dropped": {reason: count for reason, count in drops.items() if count},
            "unaccounted": int(received - answered - sum(drops.values())),
            "statuses": dict(tally.statuses),
            "problems": dict(tally.problems),
            "reconnects": reconnects,
            "frame_age_ms": _percentiles(tally.ages_ms),
            "stages_total_ms": _percentiles(tally.totals_ms),
            "sender_late_ms": _percentiles(tally.late_ms),
            "server_cpu_cores": gained.get("process_cpu_seconds_total", 0.0) / wall_s,
            "server_memory_mb": last.get("process_resident_memory_bytes", 0.0) / 1e6,
            "memory_slope_mb_per_min": self._slope("process_resident_memory_bytes", 1e-6),
            "open_files_slope_per_min": self._slope("process_open_fds", 1.0),
        }

    def _slope(self, name: str, scale: float) -> float | None:
        """Return a metric's growth per minute after a quarter of the time, None where it is too short to tell."""
        kept = [(at, values[name]) for at, values in self.samples[len(self.samples) // 4 :] if name in values]
        if len(kept) < 5:
            return None
        minutes = np.array([at for at, _ in kept]) / 60.0
        return float(scale * np.polyfit(minutes - minutes[0], [value for _, value in kept], 1)[0])


async def _metrics(http: httpx.AsyncClient) -> dict[str, float]:
    """Return the samples of a scrape by their full names."""
    try:
        text = (await http.get("/metrics")).text
    except httpx.HTTPError as error:
        raise FluoroposeError(f"expected the service's metrics, got: {error}") from error
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def _sum(values: dict[str, float], name: str) -> float:
    return sum(value for key, value in values.items() if key.startswith(name + "{"))


def _label(name: str) -> str:
    return name.split('"')[1]


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {key: float("nan") for key in ("p50", "p95", "p99", "max")}
    return {f"p{p}": float(np.percentile(values, p)) for p in (50, 95, 99)} | {"max": float(np.max(values))}
