"""`stream`: frames to a running service at their rate, as a console sends them; a live table of what comes back."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.live import Live
from rich.table import Table

from fluoropose.arrays import Mat44
from fluoropose.cli.console import console
from fluoropose.cli.inputs import read_placed_camera, read_places
from fluoropose.client import TRANSPORTS, AsyncClient, AsyncTracker
from fluoropose.errors import InputError
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.trained_bundle import simulated_truths
from fluoropose.io.cases import load_case
from fluoropose.io.runs import read_run
from fluoropose.transports.http.schemas import camera_json

__all__ = ["FrameSource", "StreamPlan", "file_source", "run_stream", "simulated_source", "there_and_back"]

_SHOWN_ROWS = 10
_LAST_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class FrameSource:
    """What is sent at a rate: a camera's frames, and where they are known, the true poses and the targets.

    Cameras are as the API takes them. `places` are frames' fields that say where the camera stood; `beside` a second
    camera with its frames of the same instants.
    """

    case: str
    camera: dict[str, Any]
    frames: list[NDArray[Any]]
    fps: float
    initial_pose: Mat44 | None = None
    truths: list[Mat44] | None = None
    targets_mm: Any = None
    places: list[dict[str, Any]] | None = None
    beside: tuple[dict[str, Any], list[NDArray[Any]]] | None = None

    def opening(self) -> dict[str, Any]:
        """Return the cameras of the session."""
        if self.beside is None:
            return {"camera": self.camera}
        return {"cameras": {"first": self.camera, "second": self.beside[0]}}

    def sent_at(self, index: int) -> list[tuple[NDArray[Any], dict[str, Any]]]:
        """Return the frames of an instant and what their headers say."""
        if self.beside is None:
            return [(self.frames[index], {} if self.places is None else self.places[index])]
        return [(self.frames[index], {"camera": "first"}), (self.beside[1][index], {"camera": "second"})]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Where frames go and how they are to be read."""

    address: str
    grpc_address: str
    transport: str
    key: str | None = None
    pixel_meaning: str = "intensity"
    inverted: bool = False
    max_age_ms: float | None = None
    repeat: int = 1

    def __post_init__(self) -> None:
        """Refuse what no service knows before frames are made."""
        if self.transport not in TRANSPORTS:
            raise InputError(f"expected --transport {', '.join(TRANSPORTS)}, got {self.transport!r}")


def simulated_source(case_folder: Path, frames: int, fps: float, cores: int) -> FrameSource:
    """Return a run of the simulator with a case's true poses."""
    case = load_case(case_folder)
    scene, truths = simulated_truths(case, frames, fps, 0, cores)
    poses = [truth.camera_from_volume for truth in truths]
    return FrameSource(
        case.name, camera_json(scene.camera), [truth.pixels for truth in truths], fps, poses[0], poses, case.corners_mm
    )


def file_source(
    path: Path,
    case: str | None,
    camera: Path | None,
    start: Mat44 | None,
    fps: float | None,
    places: Path | None = None,
    beside: tuple[Path, Path] | None = None,
) -> FrameSource:
    """Return the frames of a folder or file, or raise InputError for what must be said beside them.

    `places` is the file of a camera that moves; `beside` the frames of a second camera and its file.
    """
    if case is None or camera is None:
        raise InputError(f"expected --case and --camera with the frames of {path}, got not both")
    seen_by = read_placed_camera(camera)
    run = read_run(path)
    rate = fps or run.fps or 15.0
    if not 0 < rate <= 1000:
        raise InputError(f"expected a rate above 0 and at most 1000 frames per second, got {rate:g}")
    count = len(run.frames)
    swept = None if places is None else read_places(places, count)
    second = None
    if beside is not None:
        second = (read_placed_camera(beside[1]), read_run(beside[0]).frames)
        if swept is not None or len(second[1]) != count:
            raise InputError(f"expected {count} frames of the second camera and no --places, got {len(second[1])}")
    return FrameSource(case, seen_by, run.frames, rate, start, places=swept, beside=second)


def there_and_back(count: int, repeat: int) -> list[int]:
    """Return the order of frames that goes through a run `repeat` times without a jump."""
    once = list(range(count))
    turn = once[-2::-1] if count > 1 else once
    order = list(once)
    for n in range(1, repeat):
        order += turn if n % 2 else once[1:] or once
    return order


def run_stream(source: FrameSource, plan: StreamPlan) -> dict[str, Any]:
    """Send a source and return what was answered, dropped and how old it was."""
    return asyncio.run(_stream(source, plan))


async def _stream(source: FrameSource, plan: StreamPlan) -> dict[str, Any]:
    options: dict[str, Any] = {
        "pixel_meaning": plan.pixel_meaning,
        "inverted": plan.inverted,
        "max_frame_age_ms": plan.max_age_ms,
    }
    if source.initial_pose is not None:
        options["initial_pose"] = source.initial_pose
    order = there_and_back(len(source.frames), plan.repeat)
    seen = _Seen(source, order)
    async with AsyncClient(plan.address, plan.transport, grpc=plan.grpc_address, key=plan.key) as client:
        tracker = await client.track(source.case, **source.opening(), **options)
        with Live(seen.table(), console=console, refresh_per_second=8, transient=True) as live:
            reading = asyncio.create_task(_read(tracker, seen, live))
            await _send(tracker, source, order)
            try:
                await asyncio.wait_for(seen.last.wait(), _LAST_ANSWER_S)
            except TimeoutError:
                pass
            reading.cancel()
        console.print(seen.table())
        await tracker.close()
        return seen.facts(tracker.reconnects)


async def _send(tracker: AsyncTracker, source: FrameSource, order: list[int]) -> None:
    """Send at times fixed beforehand: an answer that is late does not slow the next frame."""
    began = time.time()
    for n, index in enumerate(order):
        due = began + n / source.fps
        await asyncio.sleep(max(0.0, due - time.time()))
        for pixels, view in source.sent_at(index):
            await tracker.push(pixels, captured_at=due, **view)


async def _read(tracker: AsyncTracker, seen: "_Seen", live: Live) -> None:
    async for event in tracker.events():
        seen.take(event)
        live.update(seen.table())


class _Seen:
    """What came back."""

    def __init__(self, source: FrameSource, order: list[int]) -> None:
        self.source = source
        self.order = order
        self.views = 1 if source.beside is None else 2
        self.joint = 0
        self.rows: deque[dict[str, Any]] = deque(maxlen=_SHOWN_ROWS)
        self.ages_ms: list[float] = []
        self.errors_mm: list[float] = []
        self.statuses: dict[str, int] = {}
        self.dropped = 0
        self.problems: dict[str, int] = {}
        self.last = asyncio.Event()

    def take(self, event: dict[str, Any]) -> None:
        seq = event.get("seq")
        if event["type"] == "problem":
            self.problems[event["code"]] = self.problems.get(event["code"], 0) + 1
        if event["type"] == "result":
            error = self._error_mm(event)
            self.rows.append(event | {"error_mm": error})
            self.ages_ms.append(event["age_ms"])
            self.statuses[event["status"]] = self.statuses.get(event["status"], 0) + 1
            self.dropped += event["dropped_since_last"]
            self.joint += len(event["views"]) > 1
            if error is not None:
                self.errors_mm.append(error)
        if seq is not None and seq >= self.sent - 1:
            self.last.set()

    @property
    def sent(self) -> int:
        """How many frames are sent in all."""
        return self.views * len(self.order)

    def table(self) -> Table:
        shown = len(self.ages_ms)
        table = Table(title=f"{shown} answered, {self.dropped} dropped of {self.sent} frames")
        for name in ("frame", "status", "confidence", "age ms", "depth mm", "mTREproj mm"):
            table.add_column(name, justify="right")
        for row in self.rows:
            error = "-" if row["error_mm"] is None else f"{row['error_mm']:.3f}"
            depth = f"{row['camera_from_volume'][2][3]:.1f}"
            table.add_row(
                str(row["seq"]), row["status"], f"{row['confidence']:.3f}", f"{row['age_ms']:.1f}", depth, error
            )
        return table

    def facts(self, reconnects: int) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "sent": self.sent,
            "answered": len(self.ages_ms),
            "dropped": self.dropped,
            "problems": self.problems,
            "statuses": self.statuses,
            "reconnects": reconnects,
        }
        if self.views > 1:
            facts["joint"] = self.joint
        if self.ages_ms:
            facts["frame_age_ms"] = {f"p{p}": float(np.percentile(self.ages_ms, p)) for p in (50, 95, 99)}
        if self.errors_mm:
            facts["mtre_proj_mm"] = {f"p{p}": float(np.percentile(self.errors_mm, p)) for p in (50, 90)}
        return facts

    def _error_mm(self, event: dict[str, Any]) -> float | None:
        if self.source.truths is None or event["seq"] >= self.sent:
            return None
        truth = self.source.truths[self.order[event["seq"]]]
        return pose_error(np.array(event["camera_from_volume"]), truth, self.source.targets_mm).mtre_proj_mm
