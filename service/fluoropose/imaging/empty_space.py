"""Where a volume is empty: air, or the zeros around what was cut out of a CT. Attenuation in 1/mm."""

from math import ceil

import numpy as np

from fluoropose.arrays import Bool
from fluoropose.imaging.attenuation import WATER_PER_MM, attenuation_from_hu
from fluoropose.imaging.masks import box_of, enclosed, grow, reached_from_faces
from fluoropose.imaging.volume import Volume

__all__ = ["EMPTY_PER_MM", "attenuation_of", "filled_share", "is_clean"]

EMPTY_PER_MM = 0.1 * WATER_PER_MM
"""What attenuates no more is empty: air with its noise and foam (HU below -900), but not lung (HU -850)."""

_RIM = 2.0
"""Voxels, and mm if those are more, beside an object that hold a part of it: the blur of its surface."""

_REACH_MM = 10.0
"""How far beyond its rim the surroundings of an object reach; at least two voxels."""

_ZERO_FACES = 0.5
"""A volume in HU is padded with zeros if this share of the voxels on its faces are exactly 0. Noise gives 1 %."""

_CLEAN_FACES = 0.9
"""The share of the faces' voxels that are exactly 0 in a clean volume: the object may touch a face."""


def attenuation_of(volume: Volume, *, given: bool = False) -> Volume:
    """Return the attenuation of a volume in HU, or of one whose values are `given` as attenuation, never negative.

    Something that was cut out of a CT often has 0 around it, which would be water. In a volume in HU with exactly 0 on
    its faces, the zeros that reach from there are empty.
    """
    if given:
        return Volume(np.maximum(volume.values, 0.0), volume.lps_from_index)
    attenuation = attenuation_from_hu(volume)
    zero = volume.values == 0.0
    if _face_share(zero) < _ZERO_FACES:
        return attenuation
    values = np.where(reached_from_faces(zero), np.float32(0.0), attenuation.values)
    return Volume(values, volume.lps_from_index)


def is_clean(attenuation: Volume) -> bool:
    """Return whether a volume is exactly 0 where it is empty, as what was cut out or voxelised is, and a scan is not.

    It is told by the faces of the grid: noise of air leaves about half of their voxels above 0.
    """
    return _face_share(attenuation.values == 0.0) >= _CLEAN_FACES


def filled_share(attenuation: Volume, mask: Bool) -> float:
    """Return the share of an object's surroundings that is not empty, 0 to 1; 0 if the grid has no surroundings.

    The surroundings lie outside the object: neither in its hollows (the marrow of a bone that a window of HU chose) nor
    in its rim.
    """
    rim = tuple(max(int(_RIM), ceil(_RIM / spacing)) for spacing in attenuation.spacing_mm.tolist())
    wider = zip(rim, attenuation.spacing_mm.tolist(), strict=True)
    reach = tuple(voxels + max(2, ceil(_REACH_MM / spacing)) for voxels, spacing in wider)
    cut = box_of(mask, reach)
    inside = enclosed(mask[cut])
    around = grow(inside, reach) & ~grow(inside, rim)
    if not around.any():
        return 0.0
    return float((attenuation.values[cut][around] > EMPTY_PER_MM).mean())


def _face_share(mask: Bool) -> float:
    """Return the share of the voxels on the six faces of the grid that are in a mask."""
    faces = [mask.take(end, axis=axis).ravel() for axis in range(3) for end in (0, -1)]
    return float(np.concatenate(faces).mean())
