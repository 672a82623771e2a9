"""Solids as signed distance functions, negative inside, and their sampling on a grid. Lengths in mm.

The primitives' formulas are those of J. C. Hart, "Sphere tracing", The Visual Computer 12, 1996, appendix A.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat33, Points, Vec3
from fluoropose.imaging.volume import Volume, crop_to_content

__all__ = ["Distance", "Part", "box", "capsule", "cylinder", "ellipsoid", "place", "scale", "voxelise"]

Distance = Callable[[Points], Float64]
"""A solid: it takes points (..., 3) in mm to their signed distances (...) from its surface."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A solid of one material. Where parts of a list overlap, the later one counts."""

    distance: Distance
    attenuation_per_mm: float


def place(distance: Distance, centre_mm: Vec3, rotation: Mat33) -> Distance:
    """Return the solid rotated about the origin by `rotation`, then moved by `centre_mm`."""
    return lambda points: distance((points - centre_mm) @ rotation)


def scale(distance: Distance, factor: float) -> Distance:
    """Return the solid scaled by `factor` about the origin."""
    return lambda points: factor * distance(points / factor)


def ellipsoid(semi_axes_mm: Vec3) -> Distance:
    """Return an ellipsoid at the origin. Its distance is right to first order, and exact for a sphere."""

    def distance(points: Points) -> Float64:
        k0 = np.linalg.norm(points / semi_axes_mm, axis=-1)
        k1 = np.linalg.norm(points / semi_axes_mm**2, axis=-1)
        # At the very centre both are 0: the surface is a shortest half axis away.
        return np.where(k1 < 1e-9, -semi_axes_mm.min(), k0 * (k0 - 1.0) / np.maximum(k1, 1e-9))

    return distance


def box(half_sizes_mm: Vec3, rounding_mm: float = 0.0) -> Distance:
    """Return a box at the origin whose edges are rounded with the radius `rounding_mm`."""
    inner = half_sizes_mm - rounding_mm

    def distance(points: Points) -> Float64:
        beyond = np.abs(points) - inner
        outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1)
        return outside + np.minimum(beyond.max(axis=-1), 0.0) - rounding_mm

    return distance


def capsule(start_mm: Vec3, end_mm: Vec3, radius_mm: float) -> Distance:
    """Return the solid of all points within `radius_mm` of a segment."""
    along = end_mm - start_mm

    def distance(points: Points) -> Float64:
        t = np.clip((points - start_mm) @ along / (along @ along), 0.0, 1.0)
        return np.linalg.norm(points - start_mm - t[..., None] * along, axis=-1) - radius_mm

    return distance


def cylinder(start_mm: Vec3, end_mm: Vec3, radius_mm: float) -> Distance:
    """Return the cylinder with flat ends whose axis is a segment."""
    along = end_mm - start_mm
    length = float(np.linalg.norm(along))
    axis = along / length

    def distance(points: Points) -> Float64:
        local = points - start_mm
        height = local @ axis
        radial = np.linalg.norm(local - height[..., None] * axis, axis=-1) - radius_mm
        axial = np.abs(height - length / 2) - length / 2
        outside = np.hypot(np.maximum(radial, 0.0), np.maximum(axial, 0.0))
        return outside + np.minimum(np.maximum(radial, axial), 0.0)

    return distance


def voxelise(parts: list[Part], half_extent_mm: Vec3, voxel_mm: float) -> Volume:
    """Return the attenuation in 1/mm of the parts on a grid centred at the origin, cropped to its content.

    In a voxel that a surface cuts, the inside and the outside are mixed by the share that the distance tells.
    """
    counts = 2 * np.ceil(half_extent_mm / voxel_mm).astype(int) + 1
    axes = [(np.arange(n) - (n - 1) / 2) * voxel_mm for n in counts]
    lps_from_index = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    lps_from_index[:3, 3] = [axis[0] for axis in axes]
    values = np.zeros(tuple(counts), dtype=np.float32)
    for i, x in enumerate(axes[0]):
        y, z = np.meshgrid(axes[1], axes[2], indexing="ij")
        points = np.stack([np.full_like(y, x), y, z], axis=-1)
        for part in parts:
            share = np.clip(0.5 - part.distance(points) / voxel_mm, 0.0, 1.0)
            values[i] = (1.0 - share) * values[i] + share * part.attenuation_per_mm
    return crop_to_content(Volume(values, lps_from_index))
