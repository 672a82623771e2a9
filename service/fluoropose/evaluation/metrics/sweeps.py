"""A window of frames against each frame alone: depth, and whether what is said of it is true. mm, degrees, us.

Depth is along the newest frame's ray to the object. An error's square over the variance that was stated for it should
be 1 on average: `calibration` is the root of that mean over the six parameters of the pose, `depth_calibration` that
of depth.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat44, Vec3
from fluoropose.evaluation.metrics.pose_error import percentiles
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import to_rotation_vector

__all__ = ["DepthEstimate", "SweepRecord", "SweepSetting", "depth_estimate_of", "sweep_facts", "sweep_row"]


@dataclass(frozen=True, slots=True)
class SweepSetting:
    """One row of the table: how far the C-arm turns (0: it stands), what the object does, what it is taken to do."""

    span_deg: float
    drifts: bool
    motion: str


@dataclass(frozen=True, slots=True)
class DepthEstimate:
    """A pose's errors and what was said of them: `chi_square` of six parameters, depth's stated deviation."""

    depth_mm: float
    centre_mm: float
    rotation_deg: float
    depth_sigma_mm: float
    chi_square: float


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """One frame of one run: the frame alone, and the window up to it (`frames` from `views` sides)."""

    setting: SweepSetting
    run: int
    frame: int
    angle_deg: float
    alone: DepthEstimate
    smoothed: DepthEstimate
    frames: int
    views: int
    smoothing_us: float


def depth_estimate_of(
    world_from_volume: Mat44, covariance: Float64, truth: Mat44, centre_mm: Vec3, camera_from_world: Mat44
) -> DepthEstimate:
    """Return the errors of a pose with a covariance (6, 6) of its twist, against the truth."""
    centre = transform(truth, centre_mm)
    offset = transform(world_from_volume, centre_mm) - centre
    turn = to_rotation_vector(world_from_volume[:3, :3] @ truth[:3, :3].T)
    twist = np.concatenate([offset, turn])
    ray = camera_from_world[:3, :3].T @ transform(camera_from_world, centre)
    ray = ray / np.linalg.norm(ray)
    return DepthEstimate(
        abs(float(offset @ ray)),
        float(np.linalg.norm(offset)),
        float(np.rad2deg(np.linalg.norm(turn))),
        float(np.sqrt(ray @ covariance[:3, :3] @ ray)),
        float(twist @ np.linalg.solve(covariance, twist)),
    )


def sweep_facts(records: Sequence[SweepRecord], size_mm: float) -> dict[str, Any]:
    """Return the figures of one setting: of each run's last frame, and how long a frame's smoothing took."""
    last = max(record.frame for record in records)
    ends = [record for record in records if record.frame == last]
    times = np.array([record.smoothing_us for record in records])
    return {
        **asdict(records[0].setting),
        "runs": len(ends),
        "frames": last + 1,
        "size_mm": size_mm,
        "views": float(np.mean([record.views for record in ends])),
        "start_depth_mm": percentiles(np.array([record.alone.depth_mm for record in records if record.frame == 0])),
        "alone": _estimate_facts([record.alone for record in ends]),
        "smoothed": _estimate_facts([record.smoothed for record in ends]),
        "smoothing_us": {"p50": float(np.median(times)), "p99": float(np.percentile(times, 99))},
    }


def sweep_row(record: SweepRecord) -> dict[str, Any]:
    """Return a record as one flat row of a table."""
    return {
        **asdict(record.setting),
        "run": record.run,
        "frame": record.frame,
        "angle_deg": f"{record.angle_deg:.3f}",
        **{f"alone_{name}": f"{value:.6g}" for name, value in asdict(record.alone).items()},
        **{f"smoothed_{name}": f"{value:.6g}" for name, value in asdict(record.smoothed).items()},
        "frames": record.frames,
        "views": record.views,
        "smoothing_us": f"{record.smoothing_us:.0f}",
    }


def _estimate_facts(estimates: Sequence[DepthEstimate]) -> dict[str, Any]:
    depth = np.array([estimate.depth_mm for estimate in estimates])
    sigma = np.array([estimate.depth_sigma_mm for estimate in estimates])
    chi_square = np.array([estimate.chi_square for estimate in estimates])
    return {
        "depth_mm": {**percentiles(depth), "worst": float(depth.max())},
        "centre_mm": percentiles(np.array([estimate.centre_mm for estimate in estimates])),
        "rotation_deg": percentiles(np.array([estimate.rotation_deg for estimate in estimates])),
        "depth_sigma_mm": percentiles(sigma),
        "depth_calibration": float(np.sqrt(np.mean((depth / sigma) ** 2))),
        "calibration": float(np.sqrt(np.mean(chi_square) / 6.0)),
    }
