"""From a method's trials to its figures: the contract's, and capture range, precision and time. mm, degrees, ms."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Points
from fluoropose.evaluation.metrics.pose_error import (
    capture_range_mm,
    rmsd_proj_mm,
    strict_capture_range_mm,
    success_groups,
)
from fluoropose.evaluation.metrics.summary import SUCCESS_SHARE, summary
from fluoropose.evaluation.trials import Record, Truth
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six

__all__ = ["is_success", "method_facts"]


def is_success(record: Record, size_mm: float) -> bool:
    """Return whether a trial gave a pose with mTREproj below 1 % of the object's size."""
    return not record.reason and record.trial.end.mtre_proj_mm < SUCCESS_SHARE * size_mm


def method_facts(
    name: str,
    size_mm: float,
    records: list[Record],
    truths: list[Truth],
    frame: Pose6Frame,
    targets_mm: Points,
    machine: str,
) -> dict[str, Any]:
    """Return a method's figures.

    Accuracy, success and time are those of the paper's own starts (spread 1); the capture range and the success by
    start error are counted over all spreads that were run.
    """
    usual = [record for record in records if record.key.spread == 1.0]
    facts = summary(name, size_mm, [record.trial for record in usual], machine)
    good = np.array([is_success(record, size_mm) for record in usual], bool)
    starts = np.array([r.trial.start.mtre_proj_mm for r in records if r.trial.start is not None])
    all_good = np.array([is_success(record, size_mm) for record in records], bool)
    groups = success_groups(starts, all_good)
    return facts | {
        "success_rate": float(good.mean()) if len(good) else 0.0,
        "failed": dict(Counter(record.reason for record in records if record.reason)),
        "capture_range_mm": capture_range_mm(starts, all_good),
        "strict_capture_range_mm": strict_capture_range_mm(starts, all_good),
        "largest_start_mm": float(starts.max()) if len(starts) else None,
        "trials_by_spread": {f"{k:g}": n for k, n in sorted(Counter(r.key.spread for r in records).items())},
        "success_by_spread": {
            f"{k:g}": float(np.mean([is_success(r, size_mm) for r in records if r.key.spread == k]))
            for k in sorted({r.key.spread for r in records})
        },
        "success_by_start_error": [asdict(group) for group in groups],
        "rmsd_proj_mm": _precision(usual, truths, frame, targets_mm),
        "rmsd_proj_of_successes_mm": _precision(
            [record for record, ok in zip(usual, good, strict=True) if ok], truths, frame, targets_mm
        ),
        "time_ms": _time(usual, "total"),
        "cpu_ms": _time(usual, "cpu"),
    }


def _precision(records: list[Record], truths: list[Truth], frame: Pose6Frame, targets_mm: Points) -> float | None:
    """Return RMSDproj pooled over the frames that were registered more than once.

    The squares of a frame's n registrations count n - 1, since they are taken about their own mean: with 100 starts on
    one frame this is the paper's measure but for half a per cent, and two starts on many frames look no better.
    """
    squares, free = 0.0, 0
    for number, truth in enumerate(truths):
        found = [pose_from_six(record.found_six, frame) for record in records if record.frame == number]
        if len(found) > 1:
            squares += len(found) * rmsd_proj_mm(found, truth.camera_from_volume, targets_mm) ** 2
            free += len(found) - 1
    return float(np.sqrt(squares / free)) if free else None


def _time(records: list[Record], stage: str) -> dict[str, float] | None:
    times: Float64 = np.array([r.trial.timing_ms[stage] for r in records if stage in r.trial.timing_ms])
    if not len(times):
        return None
    return {"mean": float(times.mean()), "sd": float(times.std()), "p50": float(np.median(times))}
