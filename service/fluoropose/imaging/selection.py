"""Choose the object of a CT: by a label map, a window of HU, or a box; the rest may serve as background."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Bool, Float64
from fluoropose.errors import ObjectSelectionError
from fluoropose.imaging.attenuation import WATER_PER_MM, attenuation_from_hu
from fluoropose.imaging.volume import Volume, crop_to_content

__all__ = ["Selection", "select_object", "selection_mask"]

SOFT_TISSUE_HU = 50.0
"""Muscle: what surrounds a bone or an implant."""

MIN_VOXELS = 64
"""Fewer voxels than this are noise, not an object whose pose can be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What belongs to the object. All that is given must hold.

    `label` in `label_map` (same grid as the CT), `hu_window` (low, high; inclusive),
    `box_mm` ((x0, y0, z0), (x1, y1, z1)) in LPS. `in_air`: nothing surrounds the object, see `select_object`.
    """

    label: int | None = None
    label_map: Volume | None = None
    hu_window: tuple[float, float] | None = None
    box_mm: Float64 | None = None
    in_air: bool = False


def selection_mask(volume: Volume, selection: Selection) -> Bool:
    """Return which voxels belong to the object, shape of the volume.

    Raises
    ------
    ObjectSelectionError
        If label map and volume differ in shape or place, or if nothing is selected; the message names the part.
    """
    mask = np.ones(volume.values.shape, dtype=bool)
    if selection.label is not None:
        mask &= _label_mask(volume, selection)
    if selection.hu_window is not None:
        low, high = selection.hu_window
        mask &= (volume.values >= low) & (volume.values <= high)
        _require(mask, f"HU between {low:g} and {high:g}", volume)
    if selection.box_mm is not None:
        mask &= _box_mask(volume, np.asarray(selection.box_mm, dtype=np.float64))
        _require(mask, f"something inside the box {np.asarray(selection.box_mm).tolist()} mm", volume)
    _require(mask, "an object", volume)
    return mask


def select_object(volume: Volume, selection: Selection) -> tuple[Volume, Volume]:
    """Return (object, rest) of a CT in HU as attenuation in 1/mm, the object cropped to its content.

    An object in a body displaces soft tissue: what a frame shows of it is its attenuation beyond that of the tissue.
    So the object is the excess, and the rest keeps soft tissue in its place; together they are the CT. An object in
    air is taken whole.

    Raises
    ------
    ObjectSelectionError
        If nothing is selected, or nothing in it attenuates more than what surrounds it.
    """
    mask = selection_mask(volume, selection)
    attenuation = attenuation_from_hu(volume)
    surrounding = 0.0 if selection.in_air else WATER_PER_MM * (1.0 + SOFT_TISSUE_HU / 1000.0)
    excess = np.where(mask, np.maximum(attenuation.values - surrounding, 0.0), 0.0).astype(np.float32)
    if not excess.any():
        what = "air" if selection.in_air else f"soft tissue (HU up to {SOFT_TISSUE_HU:g})"
        raise ObjectSelectionError(f"expected an object denser than {what}, got none of it in the selection")
    rest = Volume(attenuation.values - excess, volume.lps_from_index)
    return crop_to_content(Volume(excess, volume.lps_from_index)), rest


def _label_mask(volume: Volume, selection: Selection) -> Bool:
    labels = selection.label_map
    if labels is None:
        raise ObjectSelectionError(f"expected a label map for label {selection.label}, got none")
    if labels.values.shape != volume.values.shape:
        raise ObjectSelectionError(
            f"expected a label map of the CT's shape {volume.values.shape}, got {labels.values.shape}"
        )
    if np.abs(labels.lps_from_index - volume.lps_from_index).max() > 0.01 * float(volume.spacing_mm.min()):
        raise ObjectSelectionError("expected a label map that lies where the CT lies, got another origin or direction")
    mask: Bool = labels.values == selection.label
    if not mask.any():
        present = ", ".join(str(int(value)) for value in np.unique(labels.values)[:40])
        raise ObjectSelectionError(f"label {selection.label} must be in the label map, got labels {present}")
    return mask


def _box_mask(volume: Volume, box_mm: Float64) -> Bool:
    if box_mm.shape != (2, 3) or not np.isfinite(box_mm).all():
        raise ObjectSelectionError(f"box_mm must be two corners of 3 numbers, got shape {box_mm.shape}")
    low, high = box_mm.min(axis=0), box_mm.max(axis=0)
    mask = np.ones(volume.values.shape, dtype=bool)
    i, j, k = np.ogrid[tuple(slice(0, n) for n in volume.values.shape)]
    for axis in range(3):
        a, b, c, origin = volume.lps_from_index[axis]
        coordinate = a * i + b * j + c * k + origin
        mask &= (coordinate >= low[axis]) & (coordinate <= high[axis])
    return mask


def _require(mask: Bool, what: str, volume: Volume) -> None:
    count = int(mask.sum())
    if count < MIN_VOXELS:
        low, high = float(volume.values.min()), float(volume.values.max())
        raise ObjectSelectionError(
            f"expected {what} in the volume (values {low:g} to {high:g}), got {count} voxels, fewer than {MIN_VOXELS}"
        )
