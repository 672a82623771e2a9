"""What a volume's numbers may be: how many voxels, how large, and values that stand for nothing. Lengths in mm."""

from collections.abc import Sequence

import numpy as np

from fluoropose.arrays import Float32
from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.masks import reached_from_faces
from fluoropose.imaging.volume import Volume

__all__ = ["AIR_HU", "MAX_VOXELS", "check_anatomy", "check_shape", "fill_background"]

AIR_HU = -1000.0

MAX_VOXELS = 2**30
"""More are refused before they are read: 4 GiB of memory, and four times the largest CT of a hospital."""

_VOXEL_MM = (0.001, 25.0)
_LONGEST_MM = (2.0, 3000.0)
"""The longest side of a volume: from a tooth's part under a microscope to a body from head to foot."""

_LIKELY_MM = (20.0, 2500.0)
_UNITS_MM = {"metres": 1000.0, "centimetres": 10.0, "micrometres": 0.001}

_SMALL_VALUE = 10.0
"""Values from 0 to this are attenuation in 1/mm, shares or labels, not HU: nothing is 0 there."""


def check_shape(shape: Sequence[int], name: str) -> tuple[int, int, int]:
    """Return the lengths of the three axes of a volume that may be read; axes of one voxel at the end are left out.

    Raises
    ------
    VolumeError
        If there are not three axes, or more voxels than `MAX_VOXELS`.
    """
    lengths = [int(length) for length in shape]
    while len(lengths) > 3 and lengths[-1] == 1:
        lengths.pop()
    if len(lengths) != 3:
        raise VolumeError(
            f"expected a volume of 3 axes in {name}, got {len(lengths)} axes of {' x '.join(map(str, lengths))}: save "
            "one volume of a series, or one layer, alone"
        )
    if min(lengths) < 1 or int(np.prod([float(length) for length in lengths])) > MAX_VOXELS:
        raise VolumeError(f"expected at most {MAX_VOXELS:,} voxels in {name}, got {' x '.join(map(str, lengths))}")
    return lengths[0], lengths[1], lengths[2]


def check_anatomy(volume: Volume, name: str) -> Volume:
    """Return the volume unchanged if its voxels and its sides can be those of a body or a part of it.

    Raises
    ------
    VolumeError
        If they cannot, with a guess of the unit.
    """
    voxel = volume.spacing_mm
    sides = voxel * np.array(volume.values.shape)
    longest = float(sides.max())
    if _LONGEST_MM[0] <= longest <= _LONGEST_MM[1] and voxel.min() >= _VOXEL_MM[0] and voxel.max() <= _VOXEL_MM[1]:
        return volume
    fits = _LONGEST_MM[0] <= longest <= _LONGEST_MM[1]
    units = [] if fits else [unit for unit, mm in _UNITS_MM.items() if _LIKELY_MM[0] <= longest * mm <= _LIKELY_MM[1]]
    guess = f": is it in {' or '.join(units)}? Say so in its header, or scale it to mm" if units else ""
    raise VolumeError(
        f"expected a volume of {_LONGEST_MM[0]:g} to {_LONGEST_MM[1]:g} mm with voxels of {_VOXEL_MM[0]:g} to "
        f"{_VOXEL_MM[1]:g} mm in {name}, got {_times(sides)} mm with voxels of {_times(voxel)} mm{guess}"
    )


def fill_background(values: Float32, name: str) -> tuple[Float32, tuple[Finding, ...]]:
    """Return values (ni, nj, nk) whose NaN outside the object are air (0 if none is HU), and a finding if there were.

    Raises
    ------
    VolumeError
        If a NaN is enclosed by other values, where air would be a hole, or if a value is infinite.
    """
    missing = np.isnan(values)
    count = int(missing.sum())
    if count == 0:
        return values, ()
    if missing.all():
        raise VolumeError(f"expected values in {name}, got NaN in every voxel")
    inside = count - int(reached_from_faces(missing).sum())
    if inside:
        raise VolumeError(f"expected finite values in {name}, got {inside:,} voxels of NaN inside the object")
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    background = 0.0 if least >= 0.0 and most <= _SMALL_VALUE else AIR_HU
    share = f"{100 * count / values.size:.0f} % of the voxels are NaN, around the rest"
    text = f"{share}; they are taken as {'0' if background == 0.0 else 'air, -1000 HU'}"
    return np.where(missing, np.float32(background), values), (Finding("nan-background", "note", text),)


def _times(numbers: Sequence[float] | np.ndarray) -> str:
    return " x ".join(f"{number:.3g}" for number in numbers)
