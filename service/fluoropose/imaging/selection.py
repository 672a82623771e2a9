"""Selection of the object in a volume by a label map, a window of its values or a box: a mask of voxels."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Bool, Float64
from fluoropose.errors import ObjectSelectionError
from fluoropose.imaging.label_grid import labels_on_grid
from fluoropose.imaging.volume import Volume

__all__ = ["Selection", "selection_mask"]

MIN_VOXELS = 64
"""A selection of fewer voxels is refused: it is noise, or too small for its pose to be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Conditions on the object's voxels; a voxel belongs to the object if it meets all that are given.

    Attributes
    ----------
    label, label_map : the voxel has this label in a map, which is resampled if it is not on the CT's own grid
    hu_window : the voxel's value lies between these two, both included: HU, or 1/mm in a volume of attenuation
    box_mm : the voxel's centre lies in the box with these two corners, LPS, shape (2, 3)
    in_air : the object lies in air instead of soft tissue; `selected_object.select_object` says what that changes
    """

    label: int | None = None
    label_map: Volume | None = None
    hu_window: tuple[float, float] | None = None
    box_mm: Float64 | None = None
    in_air: bool = False

    @property
    def chooses_nothing(self) -> bool:
        """Whether neither a label, nor a window, nor a box is given."""
        return self.label is None and self.hu_window is None and self.box_mm is None


def selection_mask(volume: Volume, selection: Selection, *, unit: str = "HU") -> Bool:
    """Return which voxels belong to the object, a mask of the volume's shape; `unit` names the values in messages.

    Raises
    ------
    ObjectSelectionError
        If the label map lies elsewhere than the volume, if the box is malformed, or if fewer than `MIN_VOXELS`
        voxels are left; the message names the condition that left too few.
    """
    mask = np.ones(volume.values.shape, dtype=bool)
    if selection.label is not None:
        mask &= _label_mask(volume, selection)
    if selection.hu_window is not None:
        low, high = selection.hu_window
        mask &= (volume.values >= low) & (volume.values <= high)
        _require(mask, f"{unit} between {low:g} and {high:g}", volume)
    if selection.box_mm is not None:
        mask &= _box_mask(volume, np.asarray(selection.box_mm, dtype=np.float64))
        _require(mask, f"something inside the box {np.asarray(selection.box_mm).tolist()} mm", volume)
    _require(mask, "an object", volume)
    return mask


def _label_mask(volume: Volume, selection: Selection) -> Bool:
    labels = selection.label_map
    if labels is None:
        raise ObjectSelectionError(f"expected a label map for label {selection.label}, got none")
    mask: Bool = labels_on_grid(labels, volume).values == selection.label
    if not mask.any():
        present = ", ".join(str(int(value)) for value in np.unique(labels.values))
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
