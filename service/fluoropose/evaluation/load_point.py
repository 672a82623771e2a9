"""One load: senders that never wait for answers, readers beside them, and what the server says that it did."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.client import AsyncClient, AsyncTracker
from fluoropose.errors import FluoroposeError
from fluoropose.evaluation.frame_order import alternate_directions
from fluoropose.evaluation.progress import ProgressBars, ProgressReport, no_bars
from fluoropose.evaluation.server_process import RunningServer
from fluoropose.geometry.camera import Camera
from fluoropose.transports.http.schemas import camera_json

__all__ = ["Load", "LoadFrames", "LoadRow", "percentiles"]

_SAMPLE_S = 5.0
"""Between two scrapes, as in `deploy/prometheus.yaml`."""

_SETTLE_S = 10.0
"""A frame takes no longer to be answered or dropped, on a busy machine either."""


@dataclass(frozen=True, slots=True)
class Load:
    """One row: how many sessions send how many frames per second over which transport."""

    transport: str
    sessions: int
    fps: float


@dataclass(slots=True)
class _Tally:
    """What the senders saw of one row."""

    sent: int = 0
    late_ms: list[float] = field(default_factory=list)
    ages_ms: list[float] = field(default_factory=list)
    totals_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, eq=False)
class LoadFrames:
    """What is sent to a service's `case`: frames (rows, columns) of one camera with camera_from_volume of each."""

    case: str
    camera: Camera
    frames: list[NDArray[Any]]
    truths: list[Mat44]


class LoadRow:
    """One load from its first frame to its last."""

    def __init__(
        self, load: Load, server: RunningServer, seconds: float, sent: LoadFrames, progress: ProgressBars = no_bars
    ) -> None:
        """Send frames to a server for so many seconds."""
        self.load, self.server, self.seconds, self.progress = load, server, seconds, progress
        self.case, self.camera, self.frames, self.truths = sent.case, sent.camera, sent.frames, sent.truths
        passes = int(seconds * load.fps / (len(self.frames) - 1)) + 2
        self.order = alternate_directions(len(self.frames), passes)
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
            await self._sample(client.http)
            scraping = asyncio.create_task(self._scrape(client.http))
            began = time.time() + 0.2
            with self.progress(f"{load.transport}, {load.sessions} x {load.fps:g} fps") as report:
                showing = asyncio.create_task(self._show(began, report))
                sending = [
                    self._send(tracker, began + number / (load.fps * load.sessions))
                    for number, tracker in enumerate(trackers)
                ]
                await asyncio.gather(*sending)
                showing.cancel()
            scraping.cancel()
            await self._settle(client.http)
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
            await asyncio.sleep(_SAMPLE_S)
            await self._sample(http)

    async def _sample(self, http: httpx.AsyncClient) -> None:
        self.samples.append((time.time(), await _metrics(http)))

    async def _settle(self, http: httpx.AsyncClient) -> None:
        """Take the last sample once nothing is in flight any more, or after `_SETTLE_S`."""
        until = time.monotonic() + _SETTLE_S
        await asyncio.sleep(0.5)
        await self._sample(http)
        while self._facts(0)["unaccounted"] and time.monotonic() < until:
            await asyncio.sleep(0.2)
            self.samples.pop()
            await self._sample(http)

    async def _show(self, began: float, report: ProgressReport) -> None:
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
            "frame_age_ms": percentiles(tally.ages_ms),
            "stages_total_ms": percentiles(tally.totals_ms),
            "sender_late_ms": percentiles(tally.late_ms),
            "server_cpu_cores": gained.get("process_cpu_seconds_total", 0.0) / wall_s,
            "server_memory_mb": last.get("process_resident_memory_bytes", 0.0) / 1e6,
            "memory_slope_mb_per_min": self._slope("process_resident_memory_bytes", 1e-6),
            "open_files_slope_per_min": self._slope("process_open_fds", 1.0),
            "tasks_slope_per_min": self._slope("fluoropose_event_loop_tasks", 1.0),
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


def percentiles(values: list[float]) -> dict[str, float]:
    """Return p50, p95, p99 and max; not a number where there is nothing."""
    if not values:
        return {key: float("nan") for key in ("p50", "p95", "p99", "max")}
    return {f"p{p}": float(np.percentile(values, p)) for p in (50, 95, 99)} | {"max": float(np.max(values))}
