"""Whole CTs: how one is told from a single object, and what there is in one to select. Values in HU."""

import numpy as np

from fluoropose.arrays import Bool
from fluoropose.imaging.empty_space import EMPTY_PER_MM, attenuation_of, filled_share
from fluoropose.imaging.masks import box_of, largest_part, part_voxels
from fluoropose.imaging.understanding import volume_text
from fluoropose.imaging.volume import Volume

__all__ = ["is_whole_ct", "list_labels", "list_tissues"]

SOFT_HU = 150.0
"""Fat, muscle, organs and water lie between minus this and this."""

SOFT_SHARE = 2.0 / 3.0
"""More soft tissue than this among what is not air makes a whole CT. Measured: a torso 95 %, a chest 86 %, a head 75 %;
single bones with their marrow 21 to 59 %."""

FILLED_SHARE = 0.25
"""So does more than this around what is dense. A bone that was cut out of its CT has nothing there."""

TISSUES = {"bone": 250.0, "metal": 2500.0}
"""The least HU of what is worth selecting in a CT."""

_ENOUGH_VOXELS = 4_000_000
"""Every second or third voxel will do to tell whether a volume is a whole CT."""

_MIN_VOXELS = 64
"""Fewer are noise, and not listed."""


def is_whole_ct(volume: Volume) -> bool:
    """Return whether a volume in HU shows a body, and not one object in air or in zeros.

    It does if most of what is not air is soft tissue, or if something surrounds what is denser than soft tissue.
    """
    coarse = _thin_out(volume)
    attenuation = attenuation_of(coarse)
    matter = attenuation.values > EMPTY_PER_MM
    if not matter.any():
        return False
    hu = coarse.values[matter]
    if float((np.abs(hu) < SOFT_HU).mean()) > SOFT_SHARE:
        return True
    dense = matter & (coarse.values >= SOFT_HU)
    return bool(dense.any()) and filled_share(attenuation, dense) > FILLED_SHARE


def list_tissues(volume: Volume) -> list[str]:
    """Return the bone and the metal in a CT in words, each with its threshold, its volume and its parts."""
    found = ((name, low, volume.values >= low) for name, low in TISSUES.items())
    return [_describe(f"{name}: HU {low:g} and above", mask, volume) for name, low, mask in found if _counts(mask)]


def list_labels(labels: Volume) -> list[str]:
    """Return every label of a map but 0, each with its volume."""
    values, counts = np.unique(labels.values, return_counts=True)
    voxel_cm3 = _voxel_mm3(labels) / 1000.0
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    return [f"label {value:g}: {volume_text(count * voxel_cm3)}" for value, count in pairs if value != 0]


def _describe(name: str, mask: Bool, volume: Volume) -> str:
    voxels = part_voxels(mask)
    parts = int((voxels >= _MIN_VOXELS).sum())
    largest = box_of(largest_part(mask))
    sides = [(one.stop - one.start) * spacing for one, spacing in zip(largest, volume.spacing_mm.tolist(), strict=True)]
    cm3 = float(voxels.sum()) * _voxel_mm3(volume) / 1000.0
    size = f"the largest {float(np.linalg.norm(sides)):.0f} mm"
    return f"{name}, {volume_text(cm3)} in {parts:,} part{'' if parts == 1 else 's'}, {size}"


def _counts(mask: Bool) -> bool:
    return int(mask.sum()) >= _MIN_VOXELS


def _voxel_mm3(volume: Volume) -> float:
    return float(abs(np.linalg.det(volume.lps_from_index[:3, :3])))


def _thin_out(volume: Volume) -> Volume:
    """Return every n-th voxel along each axis, so that there are at most `_ENOUGH_VOXELS`."""
    step = int(np.ceil((volume.values.size / _ENOUGH_VOXELS) ** (1 / 3)))
    placed = volume.lps_from_index @ np.diag([step, step, step, 1.0])
    return Volume(volume.values[::step, ::step, ::step], placed)
