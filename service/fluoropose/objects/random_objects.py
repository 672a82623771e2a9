"""Random unions of solids, to train networks that are to fit any object. Lengths in mm.

There are three kinds, equally likely: metal (rods, cylinders, boxes, ellipsoids), bone (shells with a lighter inside),
and both together.
"""

import numpy as np

from fluoropose.arrays import Float64, Mat33
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.volume import Volume
from fluoropose.objects.shapes import Distance, Part, box, capsule, cylinder, ellipsoid, place, voxelise

__all__ = ["random_object", "random_parts"]

_VOXELS_ACROSS = 110
_METAL_PER_MM, _BONE_PER_MM = (0.05, 0.4), (0.01, 0.06)


def random_object(rng: np.random.Generator) -> Volume:
    """Return the attenuation in 1/mm of a random object of 35 to 250 mm, sampled at about 110 voxels along its box."""
    size_mm = float(np.exp(rng.uniform(np.log(35.0), np.log(250.0))))
    half = size_mm / 2 * rng.uniform(0.4, 0.75, 3)
    return voxelise(random_parts(rng, half), half, 2.0 * float(half.max()) / _VOXELS_ACROSS)


def random_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return random solids inside a box of half sizes `half_mm`, shape (3,); later solids replace earlier ones."""
    kind = rng.integers(3)
    parts: list[Part] = []
    if kind != 0:
        for _ in range(rng.integers(1, 4)):
            parts += _bone(rng, half_mm)
    if kind != 1:
        thin = 40.0 / float(half_mm.max())
        for _ in range(rng.integers(2, 9)):
            low, high = np.log(_METAL_PER_MM)
            parts.append(Part(_solid(rng, half_mm), float(np.exp(rng.uniform(low, high))) * min(thin, 2.0)))
    return parts


def _bone(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return a shell and its lighter inside, which is the same solid at a smaller size about the same centre."""
    outer = rng.uniform(0.15, 0.75, 3) * half_mm
    centre = rng.uniform(-1.0, 1.0, 3) * (half_mm - outer)
    turn = _turn(rng)
    hard = float(np.exp(rng.uniform(*np.log(_BONE_PER_MM)))) * min(2.0, 60.0 / float(half_mm.max()))
    shell = float(rng.uniform(0.7, 0.92))
    solid = box if rng.random() < 0.3 else ellipsoid
    return [
        Part(place(solid(outer), centre, turn), hard),
        Part(place(solid(shell * outer), centre, turn), float(rng.uniform(0.2, 0.6)) * hard),
    ]


def _solid(rng: np.random.Generator, half_mm: Float64) -> Distance:
    first, second = rng.uniform(-0.9, 0.9, (2, 3)) * half_mm
    radius = float(rng.uniform(0.03, 0.2) * half_mm.min())
    kind = rng.integers(4)
    if kind == 0:
        return capsule(first, second, radius)
    if kind == 1:
        return cylinder(first, second, 1.5 * radius)
    sizes = rng.uniform(0.08, 0.5, 3) * half_mm
    return place(box(sizes) if kind == 2 else ellipsoid(sizes), 0.7 * first, _turn(rng))


def _turn(rng: np.random.Generator) -> Mat33:
    return from_rotation_vector(rng.normal(size=3))
