"""The sending of `stream`: frames at their rate, and a live table of what comes back."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live

from fluoropose.cli.console import console
from fluoropose.cli.progress_lines import ProgressLines
from fluoropose.cli.stream_results import StreamResults
from fluoropose.cli.stream_source import FrameSource
from fluoropose.client import TRANSPORTS, AsyncClient, AsyncTracker
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_order import alternate_directions
from fluoropose.evaluation.progress import ProgressReport
from fluoropose.io.pose_export.pose_record import PoseRun

__all__ = ["StreamPlan", "progress_in", "run_stream"]

_LAST_ANSWER_S = 3.0


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


def run_stream(source: FrameSource, plan: StreamPlan) -> tuple[dict[str, Any], PoseRun | None]:
    """Send a source; return what was answered, dropped and how old it was, and the poses, None if nothing came back."""
    return asyncio.run(_stream(source, plan))


async def _stream(source: FrameSource, plan: StreamPlan) -> tuple[dict[str, Any], PoseRun | None]:
    options: dict[str, Any] = {
        "pixel_meaning": plan.pixel_meaning,
        "inverted": plan.inverted,
        "max_frame_age_ms": plan.max_age_ms,
    }
    if source.initial_pose is not None:
        options["initial_pose"] = source.initial_pose
    order = alternate_directions(len(source.frames), plan.repeat)
    results = StreamResults(source, order)
    async with AsyncClient(plan.address, plan.transport, grpc=plan.grpc_address, key=plan.key) as client:
        tracker = await client.track(source.case, **source.opening(), **options)
        with Live(results.table(), console=console, refresh_per_second=8, transient=True) as live:
            reading = asyncio.create_task(_read(tracker, results, live, progress_in(console)))
            await _send(tracker, source, order)
            try:
                await asyncio.wait_for(results.last.wait(), _LAST_ANSWER_S)
            except TimeoutError:
                pass
            reading.cancel()
        console.print(results.table())
        await tracker.close()
        return results.facts(tracker.reconnects), results.run()


async def _send(tracker: AsyncTracker, source: FrameSource, order: list[int]) -> None:
    """Send at times fixed beforehand: an answer that is late does not slow the next frame."""
    began = time.time()
    for n, index in enumerate(order):
        due = began + n / source.fps
        await asyncio.sleep(max(0.0, due - time.time()))
        for pixels, view in source.sent_at(index):
            await tracker.push(pixels, captured_at=due, **view)


async def _read(tracker: AsyncTracker, results: StreamResults, live: Live, report: ProgressReport) -> None:
    async for event in tracker.events():
        results.take(event)
        live.update(results.table())
        report(results.told, results.sent, f"{results.told - len(results.ages_ms)} refused")


def progress_in(output: Console, clock: Callable[[], float] = time.monotonic) -> ProgressReport:
    """Return what tells progress where no terminal shows the live table: a line every ten seconds."""
    if output.is_terminal:
        return lambda done, total, note="": None
    return ProgressLines("streaming", lambda line: output.print(line, markup=False, highlight=False), clock).report
