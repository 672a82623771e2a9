"""Hierarchical regression as published: group after group, sweep after sweep. mm and degrees.

    repeat K times, for each group g of (t_x, t_y, t_theta), (t_alpha, t_beta), (t_z):
        zone of (t_alpha, t_beta); residual of DRR and X-ray at the zone's points; t[g] += regressor(residual)

(Miao, Wang, Liao 2016, section III-C; the update is added to the parameters.) An update beyond the range that its
regressor was trained on is cut to it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Points
from fluoropose.evaluation.published.comparison import AbstractComparison
from fluoropose.evaluation.published.patches import crop, in_patch_axes, local_residual, patch_rays
from fluoropose.evaluation.published.plan import ParameterGroup, Zone, nearest_zone
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import Pose6Frame

__all__ = ["PAPER_SWEEPS", "PublishedRegression", "Regressor", "ZoneRegressors", "register_sweeps", "residual_at"]

PAPER_SWEEPS = 3

Regressor = Callable[[Float32], Float64]
"""From residuals (n, size, size) to the group's update in mm and degrees, shifts along the patches' axes."""


@dataclass(frozen=True, slots=True, eq=False)
class ZoneRegressors:
    """One zone: its points (n, 3) in the volume, its patches' side (mm at the object) and size, a regressor a group."""

    points_mm: Points
    side_mm: float
    size_px: int
    regressors: dict[str, Regressor]


@dataclass(frozen=True, slots=True, eq=False)
class PublishedRegression:
    """What a sweep needs of a case: its parameters' frame, the comparison picture, the trained zones, the groups."""

    frame: Pose6Frame
    comparison: AbstractComparison
    zones: list[tuple[Zone, ZoneRegressors]]
    groups: tuple[ParameterGroup, ...]


def register_sweeps(
    image: Float32, camera: Camera, start: Float64, regression: PublishedRegression, sweeps: int
) -> Float64:
    """Return the six parameters at the start and after each sweep, shape (sweeps + 1, 6).

    `image` holds line integrals (rows, columns) as `camera` sees them.
    """
    six: Float64 = np.array(start, dtype=np.float64)
    track = [six.copy()]
    for _ in range(sweeps):
        for group in regression.groups:
            here = nearest_zone(regression.zones, six[4], six[5])
            reference = regression.comparison.reference(six)
            update = here.regressors[group.name](residual_at(image, camera, reference, regression, here))
            six = _apply_update(six, reference, update, group)
        track.append(six.copy())
    return np.stack(track)


def residual_at(
    image: Float32, camera: Camera, reference: Float64, regression: PublishedRegression, zone: ZoneRegressors
) -> Float32:
    """Return the local residual (n, size, size) of an X-ray (line integrals) at a reference pose."""
    rays = patch_rays(reference, zone.points_mm, regression.frame, zone.side_mm, zone.size_px)
    drr = regression.comparison.patches(reference, rays, zone.size_px)
    return local_residual(drr, crop(image, camera.intrinsic_matrix @ rays, zone.size_px))


def _apply_update(six: Float64, reference: Float64, update: Float64, group: ParameterGroup) -> Float64:
    chosen = list(group.parameters)
    limit = np.array(group.half_ranges)[chosen]
    change: Float64 = np.zeros(6)
    change[chosen] = np.clip(update, -limit, limit)
    change = in_patch_axes(change, -reference[3])
    after = six.copy()
    after[chosen] = (reference + change)[chosen]
    return after
