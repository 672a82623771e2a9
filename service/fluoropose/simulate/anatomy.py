"""Random anatomy around an object, made of bodies with exact line integrals. Lengths in mm.

It is a limb or a trunk of soft tissue with two long bones that have a cortex, three small bones and a gas pocket.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import zoom

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.camera import Camera, ray_directions
from fluoropose.geometry.rigid import inverse
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.phantom import Box, Ellipsoid, line_integrals

__all__ = ["Anatomy", "anatomy_lines", "random_anatomy"]

_COARSE = 2
"""Anatomy is computed on a detector with pixels so many times as large, and interpolated: it is smooth."""

_TISSUE_PER_MM, _BONE_PER_MM = 0.0193, 0.042


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Bodies of soft tissue and of bone in the anatomy's own frame, whose origin is the object's centre, mm."""

    tissue: tuple[Ellipsoid | Box, ...]
    bone: tuple[Ellipsoid | Box, ...]


def random_anatomy(rng: np.random.Generator, size_mm: float, *, limb: bool = False) -> Anatomy:
    """Return random anatomy around an object of `size_mm`, 70 to 160 mm thick along the beam.

    A trunk is wider than the picture. A `limb` is a quarter wider than it is thick, for views from several sides.
    """
    turn = np.eye(3)
    thick = float(rng.uniform(35.0, 80.0))
    width = 1.25 * thick if limb else 3.0 * size_mm
    trunk = Ellipsoid(rng.normal(size=3) * 8.0, np.array([width, thick, 4.0 * size_mm]), turn, _TISSUE_PER_MM)
    gas = Ellipsoid(
        rng.uniform(-0.8, 0.8, 3) * size_mm, rng.uniform(0.15, 0.4, 3) * size_mm, turn, -0.8 * _TISSUE_PER_MM
    )
    bones: list[Ellipsoid | Box] = []
    for _ in range(2):
        bones += _long_bone(rng, size_mm)
    for _ in range(3):
        centre = rng.uniform(-1.0, 1.0, 3) * np.array([size_mm, 20.0, size_mm])
        axes = rng.uniform(0.06, 0.2, 3) * size_mm
        bones.append(Ellipsoid(centre, axes, _turn(rng), 0.4 * _BONE_PER_MM))
    return Anatomy((trunk, gas), tuple(bones))


def anatomy_lines(anatomy: Anatomy, camera: Camera, camera_from_anatomy: Mat44) -> tuple[Float64, Float64]:
    """Return the line integrals of soft tissue and of bone, each of shape (rows, columns)."""
    coarse = camera.scale_pixels(_COARSE)
    anatomy_from_camera = inverse(camera_from_anatomy)
    directions = ray_directions(coarse) @ anatomy_from_camera[:3, :3].T
    origin = anatomy_from_camera[:3, 3]
    grow = (camera.rows / coarse.rows, camera.columns / coarse.columns)
    tissue, bone = (
        zoom(line_integrals(list(bodies), origin, directions), grow, order=1, grid_mode=True, mode="nearest")
        for bodies in (anatomy.tissue, anatomy.bone)
    )
    return np.maximum(tissue, 0.0), np.maximum(bone, 0.0)


def _long_bone(rng: np.random.Generator, size_mm: float) -> list[Ellipsoid | Box]:
    """Return a cortex and its marrow: a long ellipsoid, and a thinner one that is subtracted from it."""
    centre = rng.uniform(-0.5, 0.5, 3) * np.array([size_mm, 25.0, size_mm])
    turn = from_rotation_vector(np.array([rng.normal() * 0.2, rng.normal() * 0.2, rng.normal() * 0.2]))
    radius = float(rng.uniform(0.1, 0.22)) * size_mm
    outer = np.array([radius, radius * rng.uniform(0.7, 1.3), 1.6 * size_mm])
    inner = outer * np.array([0.72, 0.72, 0.97])
    return [Ellipsoid(centre, outer, turn, 0.8 * _BONE_PER_MM), Ellipsoid(centre, inner, turn, -0.6 * _BONE_PER_MM)]


def _turn(rng: np.random.Generator) -> Float64:
    return from_rotation_vector(rng.normal(size=3))
