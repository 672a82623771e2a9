"""Training pairs (t, dt) of a zone and a group: what the regressor sees, and the error it must name. mm, degrees.

DRR patches at t and an X-ray's picture at t + dt are rendered once for every pair of a pool. Each use of a pair draws
a new appearance (`train.appearance`, the generator of all our training) and a new in-plane part of dt: shift and turn
of the picture, which are exact but for the turn of the view that a shift brings (0.1 degrees for 1.5 mm).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.drr.atlas import Progress, default_step_mm, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.published.comparison import AbstractComparison
from fluoropose.evaluation.published.hierarchy import ZoneRegressors
from fluoropose.evaluation.published.patches import crop, in_patch_axes, local_residual, patch_rays
from fluoropose.evaluation.published.picture import PICTURE_PX, picture_camera
from fluoropose.evaluation.published.plan import ParameterGroup
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.train.appearance import apply_appearance, draw_appearance

__all__ = ["PairPool", "Samples", "build_pool", "render_references", "sample_pairs"]

IN_PLANE = [0, 1, 3]


@dataclass(frozen=True, slots=True, eq=False)
class PairPool:
    """`six` (p, 6) poses t; `drr` float16 (p, n, size, size) their patches; `rays` (p, n, 3, 3) the patches' places.

    `errors` (p, 6) dt with no in-plane part, shifts along the patches' axes; `pictures` float16 (p, side, side) the
    object's line integrals at t + dt as `picture_camera(t)` sees them.
    """

    six: Float64
    drr: NDArray[np.float16]
    rays: Float64
    errors: Float64
    pictures: NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Residuals float32 (batch, n, size, size) and the whole errors (batch, 6) that they show."""

    residuals: Float32
    errors: Float64


def render_references(
    case: Case, zone: ZoneRegressors, poses: Float64, comparison: AbstractComparison, progress: Progress = no_progress
) -> tuple[Float64, Float64, NDArray[np.float16]]:
    """Return the poses that the comparison shows, the rays of their patches and the DRR's patches there."""
    six = np.stack([comparison.reference(pose) for pose in poses])
    rays = np.empty((len(six), len(zone.points_mm), 3, 3))
    drr = np.empty((*rays.shape[:2], zone.size_px, zone.size_px), np.float16)
    for n, pose in enumerate(six):
        rays[n] = patch_rays(pose, zone.points_mm, case.pose_frame, zone.side_mm, zone.size_px)
        drr[n] = np.minimum(comparison.patches(pose, rays[n], zone.size_px), 6e4)
        progress(n + 1, len(six))
    return six, rays, drr


def build_pool(
    case: Case,
    references: tuple[Float64, Float64, NDArray[np.float16]],
    group: ParameterGroup,
    rng: np.random.Generator,
    progress: Progress = no_progress,
) -> PairPool:
    """Render an X-ray's picture for each reference pose with an error of the group's ranges (in-plane left out)."""
    six, rays, drr = references
    errors = rng.uniform(-1.0, 1.0, six.shape) * np.array(group.half_ranges)
    errors[:, IN_PLANE] = 0.0
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    pictures = np.empty((len(six), PICTURE_PX, PICTURE_PX), np.float16)
    for n, (pose, error) in enumerate(zip(six, errors, strict=True)):
        shown = renderer.render(picture_camera(case, pose), pose_from_six(pose + error, case.pose_frame))
        pictures[n] = np.minimum(shown, 6e4)
        progress(n + 1, len(six))
    return PairPool(six, drr, rays, errors, pictures)


def sample_pairs(
    pool: PairPool, case: Case, group: ParameterGroup, batch: int, rng: np.random.Generator, strength: float = 1.0
) -> Samples:
    """Return a batch: pairs of the pool with new appearance and new in-plane errors."""
    chosen = rng.integers(len(pool.six), size=batch)
    errors = pool.errors[chosen].copy()
    errors[:, IN_PLANE] = rng.uniform(-1.0, 1.0, (batch, 3)) * np.array(group.half_ranges)[IN_PLANE]
    pictures = pool.pictures[chosen].astype(np.float32)
    frames = apply_appearance(pictures, draw_appearance(rng, batch, pictures.shape[1], strength))
    size_px = pool.drr.shape[2]
    xray = np.empty((batch, *pool.drr.shape[1:]), np.float32)
    for n, index in enumerate(chosen):
        six = pool.six[index]
        back = np.linalg.inv(in_plane_motion(six, errors[n]))
        pixel_from_patch = picture_camera(case, six).intrinsic_matrix @ back @ pool.rays[index]
        xray[n] = crop(frames[n], pixel_from_patch, size_px)
    return Samples(local_residual(pool.drr[chosen].astype(np.float32), xray), errors)


def in_plane_motion(six: Float64, error: Float64) -> Float64:
    """Return the motion of rays (3, 3) that the in-plane part of an error is: a turn about the centre and a shift."""
    depth = six[2] + error[2]
    shift = in_patch_axes(error, -six[3])[:2] / depth
    centre = six[:2] / depth
    angle = np.deg2rad(error[3])
    c, s = np.cos(angle), np.sin(angle)
    motion = np.eye(3)
    motion[:2, :2] = [[c, -s], [s, c]]
    motion[:2, 2] = centre + shift - motion[:2, :2] @ centre
    return motion
