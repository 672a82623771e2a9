"""What came back of a stream: counts, ages, errors, and the table of the last answers."""

import asyncio
from collections import deque
from typing import Any

import numpy as np
from rich.table import Table

from fluoropose.cli.stream_source import FrameSource
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.io.pose_export.pose_record import PoseRecord, PoseRun, record_from_result

__all__ = ["StreamResults"]

_SHOWN_ROWS = 10


class StreamResults:
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
        self.records: list[PoseRecord] = []
        self.last = asyncio.Event()

    def take(self, event: dict[str, Any]) -> None:
        """Count an event."""
        seq = event.get("seq")
        if event["type"] == "problem":
            self.problems[event["code"]] = self.problems.get(event["code"], 0) + 1
        if event["type"] == "result":
            error = self._error_mm(event)
            self.rows.append(event | {"error_mm": error})
            self.records.append(record_from_result(event, int(event["seq"])))
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

    @property
    def told(self) -> int:
        """How many frames were answered or refused."""
        return len(self.ages_ms) + sum(self.problems.values())

    def run(self) -> PoseRun | None:
        """Return the poses of the answered frames in the camera of each, None where nothing was answered."""
        return PoseRun(self.source.case, self.records) if self.records else None

    def table(self) -> Table:
        """Return the table of the last answers."""
        shown = len(self.ages_ms)
        table = Table(title=f"{shown} answered, {self.dropped} dropped of {self.sent} frames")
        for name in ("frame", "status", "confidence", "age ms", "depth mm", "mTREproj mm"):
            table.add_column(name, justify="right")
        for row in self.rows:
            error = "-" if row["error_mm"] is None else f"{row['error_mm']:.3f}"
            pose = row.get("camera_from_volume")
            depth = "-" if pose is None else f"{pose[2][3]:.1f}"
            table.add_row(
                str(row["seq"]), row["status"], f"{row['confidence']:.3f}", f"{row['age_ms']:.1f}", depth, error
            )
        return table

    def facts(self, reconnects: int) -> dict[str, Any]:
        """Return counts, and percentiles of ages and errors where there are some.

        Every frame that was sent is answered, or refused with a problem, or dropped for a newer one: these add up.
        """
        facts: dict[str, Any] = {
            "sent": self.sent,
            "answered": len(self.ages_ms),
            "dropped": self.sent - self.told,
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
        if self.source.truths is None or self.source.targets_mm is None or event["seq"] >= self.sent:
            return None
        if event.get("camera_from_volume") is None:
            return None
        truth = self.source.truths[self.order[event["seq"]]]
        return pose_error(np.array(event["camera_from_volume"]), truth, self.source.targets_mm).mtre_proj_mm
