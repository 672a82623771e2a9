"""A method's figures on one real frame, whose errors are counted from the biplane reference. mm."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from fluoropose.arrays import Bool, Float64
from fluoropose.drr.case import Case
from fluoropose.evaluation.metrics.pose_error import (
    capture_range_mm,
    pose_error,
    strict_capture_range_mm,
    success_groups,
)
from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.trials import Record, StartPlan, Truth
from fluoropose.geometry.pose6 import pose_from_six

__all__ = ["SEED", "SHOWN", "frame_figures", "rescore", "same_starts_figures"]

SEED = 7
"""Of all starts of the study."""

SHOWN = ("mtre_proj_mm", "in_plane_mm", "depth_mm", "rotation_deg", "mtre_mm")
"""Errors that the steps print."""

_SUCCESS_MM = 1.0
"""In-plane: an end nearer to the reference counts as found."""


def rescore(truth: Truth, record: Record, case: Case, about: Truth) -> Record:
    """Return a trial that started about one pose, with its errors against another."""
    start = StartPlan(SEED).start(record.key, about.camera_from_volume, case.pose_frame)
    began, ended = (
        pose_error(pose, truth.camera_from_volume, case.corners_mm)
        for pose in (start, pose_from_six(record.found_six, case.pose_frame))
    )
    return replace(record, trial=replace(record.trial, start=began, end=ended))


def frame_figures(records: list[Record], case: Case, truth: Truth) -> dict[str, Any]:
    """Return a method's figures on one frame; its capture range is that of ends within 1 mm in-plane."""
    facts = method_facts(case.name, case.size_mm, records, [truth], case.pose_frame, case.corners_mm, machine_name())
    starts, good = _starts_and_successes(records)
    spreads = np.array([record.key.spread for record in records])
    return facts | {
        "within_1_mm_in_plane": float(np.mean(good[spreads == 1.0])),
        "within_1_mm_by_spread": {
            f"{spread:g}": float(np.mean(good[spreads == spread])) for spread in sorted(set(spreads))
        },
        "capture_range_mm": capture_range_mm(starts, good),
        "strict_capture_range_mm": strict_capture_range_mm(starts, good),
        "success_by_start_error": [asdict(group) for group in success_groups(starts, good)],
        "confidence": float(np.median([record.trial.confidence for record in records])),
    }


def same_starts_figures(method: str, trials: dict[str, list[Record]]) -> dict[str, float | None]:
    """Return a method's capture range on the starts that all methods have which were run from wider ones.

    Nothing is returned for a method that was not.
    """
    starts = {name: {(r.key.spread, r.key.index) for r in records} for name, records in trials.items()}
    wide = [keys for keys in starts.values() if any(spread > 1.0 for spread, _ in keys)]
    if starts[method] not in wide:
        return {}
    shared = set.intersection(*wide)
    records = [record for record in trials[method] if (record.key.spread, record.key.index) in shared]
    return {"capture_range_same_starts_mm": capture_range_mm(*_starts_and_successes(records))}


def _starts_and_successes(records: Sequence[Record]) -> tuple[Float64, Bool]:
    """Return the mTREproj of the starts, mm, and which trials ended within 1 mm in-plane."""
    starts = [record.trial.start.mtre_proj_mm for record in records if record.trial.start is not None]
    good = [not record.reason and record.trial.end.in_plane_mm < _SUCCESS_MM for record in records]
    return np.array(starts), np.array(good)
