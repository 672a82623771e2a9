"""What is wrong with a pose, in mm and degrees.

mTRE      mean distance of the targets (8 corners of the object's box) between found and true pose, in 3-D
(van de Kraats, Penney, Tomazevic, van Walsum, Niessen, IEEE TMI 24(9), 2005, section II-D)
mTREproj  the part of it that the image shows, in mm at the object: mean over the targets of the distance between
true and found projection, times depth over focal length. (The paper names it after van de Kraats; its
own mm-to-pixel pairs fit only this reading: `docs/method.md`.)
success   mTREproj below 1 % of the object's size (Miao, Wang, Liao 2016, section IV-D)
capture range   the largest start mTREproj up to which 95 % of the trials succeed (same section)
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Bool, Float64, Mat44, Points
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import angle_between

__all__ = ["PERCENTILES", "PoseError", "capture_range_mm", "percentiles", "pose_error"]

PERCENTILES = (10, 25, 50, 75, 90)
_SUCCESS_SHARE = 0.95
_LEAST_TRIALS = 20
"""The paper reports a capture range only where more than 20 samples lie inside it."""


@dataclass(frozen=True, slots=True)
class PoseError:
    """One pose against the truth: means over the targets in mm, `in_plane_mm` and `depth_mm` of the centre."""

    mtre_proj_mm: float
    mtre_mm: float
    in_plane_mm: float
    depth_mm: float
    rotation_deg: float


def pose_error(found: Mat44, truth: Mat44, targets_mm: Points) -> PoseError:
    """Compare two camera_from_volume at `targets_mm` (n, 3) in the volume.

    In-plane and depth are the parts of the targets' mean offset across and along the ray to their mean.
    """
    here, there = transform(found, targets_mm), transform(truth, targets_mm)
    offset = here - there
    seen = here[:, :2] / here[:, 2:] * there[:, 2:] - there[:, :2]
    mean_offset, ray = offset.mean(axis=0), there.mean(axis=0)
    ray = ray / np.linalg.norm(ray)
    along = float(mean_offset @ ray)
    return PoseError(
        float(np.linalg.norm(seen, axis=1).mean()),
        float(np.linalg.norm(offset, axis=1).mean()),
        float(np.linalg.norm(mean_offset - along * ray)),
        abs(along),
        float(np.rad2deg(angle_between(found[:3, :3], truth[:3, :3]))),
    )


def percentiles(values: Float64) -> dict[str, float]:
    """Return the 10th, 25th, 50th, 75th and 90th percentile by name."""
    if len(values) == 0:
        return {f"p{p}": float("nan") for p in PERCENTILES}
    return {f"p{p}": float(np.percentile(values, p)) for p in PERCENTILES}


def capture_range_mm(start_mm: Float64, succeeded: Bool) -> float | None:
    """Return the largest start error with at least 95 % success among the trials up to it; None below 20 trials."""
    order = np.argsort(start_mm)
    share = np.cumsum(succeeded[order]) / np.arange(1, len(order) + 1)
    inside = np.flatnonzero((share >= _SUCCESS_SHARE) & (np.arange(1, len(order) + 1) > _LEAST_TRIALS))
    return float(start_mm[order][inside[-1]]) if len(inside) else None
