"""Several objects in one frame: registered together, against each in the frame as it is. mm, degrees, ms."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fluoropose.evaluation.metrics.pose_error import PoseError, percentiles
from fluoropose.evaluation.metrics.summary import SUCCESS_SHARE

__all__ = ["METHODS", "OverlapRecord", "OverlapTime", "overlap_facts", "overlap_row"]

METHODS = ("together", "as it is")
"""With the others taken out, and each object in the frame with the others in it."""


@dataclass(frozen=True, slots=True)
class OverlapRecord:
    """One object of one trial: from a `start` of a kind ("rough": the paper's, "near": as in tracking), by a method."""

    objects: str
    start: str
    method: str
    index: int
    frame: int
    name: str
    size_mm: float
    error: PoseError
    status: str
    confidence: float

    @property
    def succeeded(self) -> bool:
        """Whether mTREproj is below 1 % of the object's size."""
        return self.error.mtre_proj_mm < SUCCESS_SHARE * self.size_mm


@dataclass(frozen=True, slots=True)
class OverlapTime:
    """What one trial took: all objects together, and each alone one after the other; wall clock and CPU, ms."""

    objects: str
    start: str
    together_ms: float
    alone_ms: tuple[float, ...]
    together_cpu_ms: float
    alone_cpu_ms: float


def overlap_facts(records: Sequence[OverlapRecord], times: Sequence[OverlapTime]) -> dict[str, Any]:
    """Return the figures of one set of objects from one kind of start."""
    one_ms = [float(np.mean(each.alone_ms)) for each in times]
    return {
        "objects": records[0].objects,
        "count": len(times[0].alone_ms),
        "start": records[0].start,
        "frames": len({record.frame for record in records}),
        **{method: _errors([record for record in records if record.method == method]) for method in METHODS},
        "time_ms": {
            "together": float(np.median([each.together_ms for each in times])),
            "one": float(np.median(one_ms)),
            "ratio": float(np.median([each.together_ms / one for each, one in zip(times, one_ms, strict=True)])),
            "cpu_ratio": float(
                np.median([each.together_cpu_ms / each.alone_cpu_ms * len(each.alone_ms) for each in times])
            ),
        },
    }


def overlap_row(record: OverlapRecord) -> dict[str, Any]:
    """Return a record as one flat row of a table."""
    errors = {name: f"{value:.6g}" for name, value in asdict(record.error).items()}
    return {
        "objects": record.objects,
        "start": record.start,
        "method": record.method,
        "index": record.index,
        "frame": record.frame,
        "name": record.name,
        **errors,
        "status": record.status,
        "confidence": f"{record.confidence:.4f}",
    }


def _errors(records: Sequence[OverlapRecord]) -> dict[str, Any]:
    shares = np.array([100.0 * record.error.mtre_proj_mm / record.size_mm for record in records])
    names = ("depth_mm", "in_plane_mm", "rotation_deg", "mtre_mm")
    sure = np.array([record.status == "TRACKING" for record in records])
    good = np.array([record.succeeded for record in records])
    return {
        "trials": len(records),
        "success_rate": float(good.mean()),
        "sure": float(sure.mean()),
        "sure_and_wrong": float((sure & ~good).mean()),
        "mtre_proj_percent": percentiles(shares),
        **{name: percentiles(np.array([getattr(record.error, name) for record in records])) for name in names},
    }
