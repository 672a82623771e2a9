"""Bodies whose line integrals are known exactly: the truth that renderers are tested against. Lengths in mm."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat33, Points, Vec3
from fluoropose.imaging.volume import Volume

__all__ = ["Box", "Ellipsoid", "line_integrals", "voxelise_bodies"]


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid:
    """The points x with |(R^T (x - centre)) / semi_axes| <= 1; a sphere has three equal `semi_axes_mm`."""

    centre_mm: Vec3
    semi_axes_mm: Vec3
    rotation: Mat33
    attenuation_per_mm: float

    def chords_mm(self, origin_mm: Vec3, directions: Points) -> Float64:
        """Return the length in mm of each ray inside the body.

        `directions` are of unit length, shape (..., 3); the result has their shape without the last axis.
        """
        o = (origin_mm - self.centre_mm) @ self.rotation / self.semi_axes_mm
        d = directions @ self.rotation / self.semi_axes_mm
        a, b, c = (d * d).sum(-1), (d * o).sum(-1), float(o @ o) - 1.0
        return 2.0 * np.sqrt(np.maximum(b * b - a * c, 0.0)) / a

    def contains(self, points_mm: Points) -> Float64:
        """Return 1 inside and 0 outside."""
        scaled = (points_mm - self.centre_mm) @ self.rotation / self.semi_axes_mm
        return np.asarray((scaled * scaled).sum(-1) <= 1.0, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """The points x with |R^T (x - centre)| <= half_sizes in each coordinate."""

    centre_mm: Vec3
    half_sizes_mm: Vec3
    rotation: Mat33
    attenuation_per_mm: float

    def chords_mm(self, origin_mm: Vec3, directions: Points) -> Float64:
        """Return the length in mm of each ray inside the box, as for `Ellipsoid` (slab method; Kay and Kajiya 1986)."""
        o = (origin_mm - self.centre_mm) @ self.rotation
        d = directions @ self.rotation
        d = np.where(np.abs(d) < 1e-12, 1e-12, d)
        first, second = (-self.half_sizes_mm - o) / d, (self.half_sizes_mm - o) / d
        near = np.minimum(first, second).max(-1)
        far = np.maximum(first, second).min(-1)
        return np.maximum(far - near, 0.0)

    def contains(self, points_mm: Points) -> Float64:
        """Return 1 inside and 0 outside."""
        local = np.abs((points_mm - self.centre_mm) @ self.rotation)
        return np.asarray((local <= self.half_sizes_mm).all(-1), dtype=np.float64)


def line_integrals(bodies: list[Ellipsoid | Box], origin_mm: Vec3, directions: Points) -> Float64:
    """Return the exact line integrals of the sum of `bodies` along rays of any `directions` (..., 3), dimensionless."""
    unit = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    total = np.zeros(directions.shape[:-1])
    for body in bodies:
        total += body.attenuation_per_mm * body.chords_mm(origin_mm, unit)
    return total


def voxelise_bodies(
    bodies: list[Ellipsoid | Box], shape: tuple[int, int, int], spacing_mm: float, oversample: int
) -> Volume:
    """Return the bodies on a grid centred at the origin, each voxel the mean of oversample^3 points."""
    lps_from_index = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    lps_from_index[:3, 3] = -spacing_mm * (np.array(shape) - 1) / 2
    offsets = (np.arange(oversample) + 0.5) / oversample - 0.5
    values = np.zeros(shape)
    axes = [np.arange(n) for n in shape]
    for di in offsets:
        for dj in offsets:
            for dk in offsets:
                index = np.stack(np.meshgrid(axes[0] + di, axes[1] + dj, axes[2] + dk, indexing="ij"), axis=-1)
                points = index * spacing_mm + lps_from_index[:3, 3]
                for body in bodies:
                    values += body.attenuation_per_mm * body.contains(points)
    return Volume((values / oversample**3).astype(np.float32), lps_from_index)
