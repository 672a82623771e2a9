"""Random bodies around a random bone: soft tissue, neighbours that look like the bone, other bones, gas. Lengths in mm.

The object is cut out of its body as `imaging.selected_object.select_object` cuts one out of a CT: its volume is what
exceeds soft tissue, and the rest has soft tissue in its place.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33, Vec3
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume, crop_to_content
from fluoropose.objects.random_families import BONES, METALS, vertebra_like_parts
from fluoropose.objects.shapes import Part, capsule, ellipsoid, place, scale, voxelise

__all__ = ["RandomBody", "random_body"]

_SOFT_PER_MM = 1.05 * WATER_PER_MM
_FAT_PER_MM = 0.9 * WATER_PER_MM
_VOXELS_PER_SIZE = 44
_SIZES_ACROSS = 2.4


@dataclass(frozen=True, slots=True, eq=False)
class RandomBody:
    """An object and the rest of its body, attenuation in 1/mm; they add up to the body."""

    inside: Volume
    rest: Volume


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """Parts within `radius_mm` of the origin, placed at `centre_mm` with a rotation and a scale."""

    parts: list[Part]
    radius_mm: float
    centre_mm: Vec3
    rotation: Mat33
    size: float = 1.0


def random_body(rng: np.random.Generator) -> RandomBody:
    """Return a bone of 45 to 260 mm in a random body."""
    size_mm = float(np.exp(rng.uniform(np.log(45.0), np.log(260.0))))
    spine = rng.random() < 0.4
    family = vertebra_like_parts if spine else BONES[rng.integers(len(BONES))]
    half = size_mm / 2 * (rng.uniform(0.5, 0.7, 3) if spine else rng.uniform(0.35, 0.75, 3))
    object_parts = family(rng, half)
    across = float(np.exp(rng.uniform(np.log(30.0), np.log(110.0))))
    inside = voxelise([_excess(part) for part in object_parts], half, 2.0 * float(half.max()) / across)
    inside = crop_to_content(Volume(np.maximum(inside.values, 0.0), inside.lps_from_index))
    reach = float(np.linalg.norm(half))
    others = _row(rng, object_parts, half, reach) if spine else []
    others += _neighbours(rng, half, reach)
    return RandomBody(inside, _rest(rng, others, reach))


def _row(rng: np.random.Generator, parts: list[Part], half_mm: Float64, reach_mm: float) -> list[_Placed]:
    """Return vertebrae above and below that look like the object."""
    pitch, placed = float(half_mm[2]) * rng.uniform(1.1, 1.5), []
    curve = rng.normal(size=2) * 0.08
    for n in (-3, -2, -1, 1, 2, 3):
        centre = np.array([curve[0] * n * n * 10.0, curve[1] * n * n * 10.0, n * pitch])
        turn = from_rotation_vector(rng.normal(size=3) * 0.06 + np.array([-0.06 * n, 0.0, 0.0]))
        placed.append(_Placed(parts, reach_mm, centre, turn, float(rng.uniform(0.92, 1.08))))
    return placed


def _neighbours(rng: np.random.Generator, half_mm: Float64, reach_mm: float) -> list[_Placed]:
    """Return other bones beside the object, ribs, and now and then metal."""
    placed = []
    for _ in range(rng.integers(1, 5)):
        half = half_mm * rng.uniform(0.4, 1.2, 3)
        parts = BONES[rng.integers(len(BONES))](rng, half)
        placed.append(_Placed(parts, float(np.linalg.norm(half)), _beside(rng, half_mm), _turn(rng)))
    for _ in range(rng.integers(0, 6)):
        a, b = rng.uniform(-1.0, 1.0, (2, 3)) * reach_mm
        rib = capsule(a, b, reach_mm * rng.uniform(0.03, 0.08))
        placed.append(_Placed([Part(rib, 1.8 * _SOFT_PER_MM)], 2.0 * reach_mm, _beside(rng, half_mm), np.eye(3)))
    if rng.random() < 0.15:
        half = half_mm * rng.uniform(0.3, 0.7, 3)
        parts = METALS[rng.integers(len(METALS))](rng, half)
        placed.append(_Placed(parts, float(np.linalg.norm(half)), _beside(rng, half_mm), _turn(rng)))
    return placed


def _rest(rng: np.random.Generator, others: list[_Placed], reach_mm: float) -> Volume:
    """Return the body without the object: a trunk of soft tissue with fat, gas and other bones, on a coarse grid."""
    voxel = 2.0 * reach_mm / _VOXELS_PER_SIZE
    count = int(_SIZES_ACROSS * _VOXELS_PER_SIZE) | 1
    axis = (np.arange(count) - (count - 1) / 2) * voxel
    values = _trunk(rng, axis, reach_mm)
    for _ in range(rng.integers(1, 6)):
        gas = rng.uniform(0.15, 0.5) * reach_mm
        level = rng.choice([0.1, 0.4, 0.92, 1.08]) * WATER_PER_MM
        blob = Part(ellipsoid(gas * rng.uniform(0.5, 1.0, 3)), float(level))
        _fill(values, axis, _Placed([blob], gas, rng.uniform(-1.2, 1.2, 3) * reach_mm, np.eye(3)))
    for placed in others:
        _fill(values, axis, placed)
    lps_from_index = np.diag([voxel, voxel, voxel, 1.0])
    lps_from_index[:3, 3] = axis[0]
    return Volume(values, lps_from_index)


def _trunk(rng: np.random.Generator, axis_mm: Float64, reach_mm: float) -> Float32:
    """Return soft tissue with a layer of fat in an elliptic cylinder along z."""
    half = reach_mm * rng.uniform(1.0, 2.5, 2)
    off = rng.normal(size=2) * 0.2 * reach_mm
    x, y = np.meshgrid(axis_mm - off[0], axis_mm - off[1], indexing="ij")
    depth = (1.0 - np.hypot(x / half[0], y / half[1])) * half.min()
    fat = rng.uniform(0.0, 0.15) * reach_mm
    level = np.where(depth > fat, _SOFT_PER_MM, _FAT_PER_MM) * (depth > 0)
    return np.repeat(level.astype(np.float32)[:, :, None], len(axis_mm), axis=2)


def _fill(values: Float32, axis_mm: Float64, placed: _Placed) -> None:
    """Write placed parts into the grid, looking only at the box that they can reach."""
    voxel, reach = axis_mm[1] - axis_mm[0], placed.radius_mm * placed.size
    low = np.clip(np.searchsorted(axis_mm, placed.centre_mm - reach), 0, len(axis_mm))
    high = np.clip(np.searchsorted(axis_mm, placed.centre_mm + reach), 0, len(axis_mm))
    if (high <= low).any():
        return
    spans = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(*(axis_mm[span] for span in spans), indexing="ij"), axis=-1)
    block = values[spans]
    for part in placed.parts:
        solid = place(scale(part.distance, placed.size), placed.centre_mm, placed.rotation)
        share = np.clip(0.5 - solid(grid) / voxel, 0.0, 1.0).astype(np.float32)
        block[...] = (1.0 - share) * block + share * np.float32(max(part.attenuation_per_mm, _SOFT_PER_MM))


def _excess(part: Part) -> Part:
    """Return a part with the attenuation by which it exceeds soft tissue."""
    return Part(part.distance, max(part.attenuation_per_mm - _SOFT_PER_MM, 0.0))


def _beside(rng: np.random.Generator, half_mm: Float64) -> Vec3:
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    return direction * half_mm * rng.uniform(1.2, 2.0)


def _turn(rng: np.random.Generator) -> Mat33:
    return from_rotation_vector(rng.normal(size=3))
