"""From trials to the figures that the contract names; mm, degrees, ms."""

import os
import platform
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fluoropose.evaluation.metrics.pose_error import PoseError, capture_range_mm, percentiles

__all__ = ["SUCCESS_SHARE", "Trial", "machine_name", "summary"]

SUCCESS_SHARE = 0.01
"""A registration succeeds if its mTREproj is below this share of the object's size (the paper, section IV-D)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One registration: error of the start (or None in tracking), error of the result, what the service said."""

    start: PoseError | None
    end: PoseError
    status: str
    confidence: float
    timing_ms: dict[str, float] = field(default_factory=dict)


def machine_name() -> str:
    """Return processor and core count of this machine."""
    return f"{platform.machine()} {platform.processor() or ''} {os.cpu_count()} cores".replace("  ", " ")


def summary(name: str, size_mm: float, trials: list[Trial], machine: str) -> dict[str, Any]:
    """Return the JSON of `contract` section 4 for a list of trials."""
    ends = [trial.end for trial in trials]
    proj = np.array([end.mtre_proj_mm for end in ends])
    good = proj < SUCCESS_SHARE * size_mm
    starts = [trial.start.mtre_proj_mm for trial in trials if trial.start is not None]
    capture = capture_range_mm(np.array(starts), good) if len(starts) == len(trials) and trials else None
    stages = sorted({stage for trial in trials for stage in trial.timing_ms})
    return {
        "object": name,
        "trials": len(trials),
        "success_rate": float(good.mean()) if trials else 0.0,
        "lost_frames": sum(trial.status == "LOST" for trial in trials),
        "size_mm": size_mm,
        "mtre_proj_mm": percentiles(proj),
        "mtre_mm": percentiles(np.array([end.mtre_mm for end in ends])),
        "in_plane_mm": percentiles(np.array([end.in_plane_mm for end in ends])),
        "depth_mm": percentiles(np.array([end.depth_mm for end in ends])),
        "rotation_deg": percentiles(np.array([end.rotation_deg for end in ends])),
        "latency_ms": {stage: _latency(trials, stage) for stage in stages},
        "capture_range_mm": capture,
        "machine": machine,
    }


def _latency(trials: list[Trial], stage: str) -> dict[str, float]:
    times = [trial.timing_ms[stage] for trial in trials if stage in trial.timing_ms]
    return {"p50": float(np.percentile(times, 50)), "p99": float(np.percentile(times, 99))}
