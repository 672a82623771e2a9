"""Objects that never existed: random unions of solids, for training regressors that must not know the object."""

import numpy as np

from fluoropose.arrays import Mat33, Vec3
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.objects.shapes import Distance, Part, box, capsule, cylinder, ellipsoid, place

__all__ = ["random_parts"]


def random_parts(rng: np.random.Generator, half_extent_mm: float) -> list[Part]:
    """Return 4 to 12 random solids within about `half_extent_mm` of the origin; some are hollow like bones."""
    parts: list[Part] = []
    density = float(np.exp(rng.uniform(np.log(0.4), np.log(3.0)))) / half_extent_mm
    for _ in range(int(rng.integers(4, 13))):
        distance, size_mm = _random_solid(rng, half_extent_mm)
        centre = rng.uniform(-0.55, 0.55, 3) * half_extent_mm
        placed = place(distance, centre, _random_rotation(rng))
        value = density * float(rng.uniform(0.3, 1.0))
        parts.append(Part(placed, value))
        if rng.random() < 0.4:
            parts.append(Part(_shrunk(placed, float(rng.uniform(0.08, 0.3)) * size_mm), value * rng.uniform(0.1, 0.5)))
    return parts


def _random_solid(rng: np.random.Generator, scale_mm: float) -> tuple[Distance, float]:
    kind = int(rng.integers(4))
    sizes: Vec3 = np.exp(rng.uniform(np.log(0.06), np.log(0.45), 3)) * scale_mm
    if kind == 0:
        return ellipsoid(sizes), float(sizes.min())
    if kind == 1:
        return box(sizes, 0.2 * float(sizes.min())), float(sizes.min())
    half = np.array([0.0, 0.0, float(sizes.max())])
    radius = float(sizes.min())
    return (capsule(-half, half, radius) if kind == 2 else cylinder(-half, half, radius)), radius


def _shrunk(distance: Distance, by_mm: float) -> Distance:
    return lambda points: distance(points) + by_mm


def _random_rotation(rng: np.random.Generator) -> Mat33:
    axis = rng.normal(size=3)
    return from_rotation_vector(axis / np.linalg.norm(axis) * rng.uniform(0, np.pi))
