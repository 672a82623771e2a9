"""What is wrong with a pose, in mm and degrees.

mTRE      mean distance of the targets (8 corners of the object's box) between found and true pose, in 3-D
(van de Kraats, Penney, Tomazevic, van Walsum, Niessen, IEEE TMI 24(9), 2005, section II-D)
mTREproj  the part of it that the image shows, in mm at the object: mean over the targets of the distance between
true and found projection, times depth over focal length. (The paper names it after van de Kraats; its
own mm-to-pixel pairs fit only this reading: `docs/reference/accuracy.md`.)
success   mTREproj below 1 % of the object's size (Miao, Wang, Liao 2016, section IV-D)
capture range   the largest start mTREproj up to which 95 % of the trials succeed (same section)
RMSDproj  how far registrations of one frame end from each other in the image: root mean square, over registrations and
targets, of the distance of a target's projection to its mean over the registrations, in mm at the object (same section)

A capture range counted over all trials up to a start error forgives failures near its end for the many easy starts
before. Beside it stands the strict one: trials in order of their start error in groups of 20, up to the end of the
last group before the first one with less than 95 % success (19 of 20).
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Bool, Float64, Mat44, Points
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import angle_between

__all__ = [
    "PERCENTILES",
    "PoseError",
    "SuccessGroup",
    "capture_range_mm",
    "percentiles",
    "pose_error",
    "rmsd_proj_mm",
    "strict_capture_range_mm",
    "success_groups",
]

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


@dataclass(frozen=True, slots=True)
class SuccessGroup:
    """Trials of similar start errors: smallest and largest of them in mm, and the share that succeeded."""

    from_mm: float
    to_mm: float
    success: float


def success_groups(start_mm: Float64, succeeded: Bool, size: int = _LEAST_TRIALS) -> list[SuccessGroup]:
    """Return groups of `size` trials in order of their start error; a rest of fewer is left out."""
    order = np.argsort(start_mm, kind="stable")
    start_mm, succeeded = start_mm[order], succeeded[order]
    ends = range(size, len(order) + 1, size)
    return [
        SuccessGroup(float(start_mm[end - size]), float(start_mm[end - 1]), float(succeeded[end - size : end].mean()))
        for end in ends
    ]


def strict_capture_range_mm(start_mm: Float64, succeeded: Bool) -> float | None:
    """Return the largest start error before the first group with less than 95 % success; None if that is the first."""
    reached = None
    for group in success_groups(start_mm, succeeded):
        if group.success < _SUCCESS_SHARE:
            break
        reached = group.to_mm
    return reached


def rmsd_proj_mm(found: list[Mat44], truth: Mat44, targets_mm: Points) -> float:
    """Return RMSDproj of several camera_from_volume of one frame at `targets_mm` (n, 3), mm at the object."""
    depth = transform(truth, targets_mm)[:, 2:]
    placed = [transform(pose, targets_mm) for pose in found]
    seen = np.stack([points[:, :2] / points[:, 2:] * depth for points in placed])
    return float(np.sqrt(((seen - seen.mean(axis=0)) ** 2).sum(axis=-1).mean()))
