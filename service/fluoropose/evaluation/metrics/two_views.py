"""Two views against one on the same trials: how wrong, how often right in space, how long. mm, degrees, ms.

Success is counted in space, 3-D mTRE below `PAIR_SUCCESS_MM`: what a second view is for, no measure in the image shows.
The error of a trial is taken in the camera of the view that also registers alone: the first one, if it is not empty.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fluoropose.evaluation.metrics.pose_error import PoseError, percentiles

__all__ = ["FAULTS", "PAIR_SUCCESS_MM", "PairRecord", "PairSetting", "pair_facts", "pair_row"]

PAIR_SUCCESS_MM = 1.5
FAULTS = ("none", "empty-first", "empty-second", "wrong-second", "missing-second")
"""What may be the matter with a view: a frame without the object, of another instant, or none at all."""


@dataclass(frozen=True, slots=True)
class PairSetting:
    """One row of the table: the angle between the views, the error of the second one's place, the fault."""

    angle_deg: float
    calibration: float
    fault: str = "none"


@dataclass(frozen=True, slots=True)
class PairRecord:
    """One trial: errors of the start, of both views together and of one alone, and what the joint answer said.

    `used` tells for each view that was there whether it has a part in the answer. `beyond_deg` is how far the farther
    of the instant's views lies beyond the case's atlas: 0 if both lie inside, None where that is not known.
    """

    setting: PairSetting
    index: int
    frame: int
    start: PoseError
    together: PoseError
    alone: PoseError
    status: str
    confidence: float
    used: tuple[bool, ...]
    why: str
    together_ms: float
    alone_ms: float
    beyond_deg: float | None = None


def pair_facts(records: Sequence[PairRecord]) -> dict[str, Any]:
    """Return the figures of one setting's trials."""
    together_ms = np.array([record.together_ms for record in records])
    alone_ms = np.array([record.alone_ms for record in records])
    together, alone = (_errors([getattr(record, name) for record in records]) for name in ("together", "alone"))
    return {
        **asdict(records[0].setting),
        "trials": len(records),
        "together": together,
        "alone": alone,
        "depth_ratio": alone["depth_mm"]["p50"] / max(together["depth_mm"]["p50"], 1e-9),
        "within_alone": float(np.mean([record.together.mtre_mm <= record.alone.mtre_mm + 1e-6 for record in records])),
        "both_used": float(np.mean([len(record.used) > 1 and all(record.used) for record in records])),
        "flagged": float(np.mean([bool(record.why) for record in records])),
        "confidence": float(np.median([record.confidence for record in records])),
        "beyond": _beyond(records),
        "time_ms": {
            "together": {"p50": float(np.median(together_ms)), "p99": float(np.percentile(together_ms, 99))},
            "alone": {"p50": float(np.median(alone_ms)), "p99": float(np.percentile(alone_ms, 99))},
            "ratio": float(np.median(together_ms) / np.median(alone_ms)),
        },
    }


def pair_row(record: PairRecord) -> dict[str, Any]:
    """Return a trial as one flat row of a table."""
    errors = {
        f"{part}_{name}": f"{value:.6g}"
        for part in ("start", "together", "alone")
        for name, value in asdict(getattr(record, part)).items()
    }
    return {
        **asdict(record.setting),
        "index": record.index,
        "frame": record.frame,
        "status": record.status,
        "confidence": f"{record.confidence:.4f}",
        "used": "".join("y" if used else "n" for used in record.used),
        "why": record.why,
        "beyond_deg": "" if record.beyond_deg is None else f"{record.beyond_deg:.2f}",
        "together_ms": f"{record.together_ms:.2f}",
        "alone_ms": f"{record.alone_ms:.2f}",
        **errors,
    }


def _beyond(records: Sequence[PairRecord]) -> dict[str, Any] | None:
    """Return how many instants lie beyond the atlas in some view, how far, and the success on those that do not."""
    instants = {record.frame: record.beyond_deg for record in records if record.beyond_deg is not None}
    if not instants:
        return None
    inside = [record for record in records if record.beyond_deg == 0.0]
    return {
        "instants": len(instants),
        "outside": sum(deg > 0.0 for deg in instants.values()),
        "most_deg": max(instants.values()),
        "trials_inside": len(inside),
        **{
            f"success_rate_inside_{name}": _success([getattr(record, name) for record in inside]) if inside else None
            for name in ("together", "alone")
        },
    }


def _success(errors: Sequence[PoseError]) -> float:
    return float(np.mean([error.mtre_mm < PAIR_SUCCESS_MM for error in errors]))


def _errors(errors: Sequence[PoseError]) -> dict[str, Any]:
    names = ("mtre_mm", "mtre_proj_mm", "in_plane_mm", "depth_mm", "rotation_deg")
    return {
        "success_rate": _success(errors),
        **{name: percentiles(np.array([getattr(error, name) for error in errors])) for name in names},
    }
