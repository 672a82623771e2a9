"""From a volume and a selection to the object, what is left around it, and what was understood.

Attenuation in 1/mm. An object in a body displaces soft tissue, one in air displaces nothing; which of the two it is
shows in the volume itself.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.errors import ObjectSelectionError, VolumeError
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.empty_space import EMPTY_PER_MM, attenuation_of, filled_share, is_clean
from fluoropose.imaging.masks import count_parts, without_specks
from fluoropose.imaging.selection import Selection, selection_mask
from fluoropose.imaging.understanding import Understanding, understand
from fluoropose.imaging.volume import Volume, crop_to_content
from fluoropose.imaging.whole_ct import is_whole_ct, list_labels, list_tissues

__all__ = ["SelectedObject", "select_object", "understand_solid"]

SOFT_TISSUE_HU = 50.0
"""Muscle, the tissue that surrounds a bone or an implant."""

ALONE_SHARE = 0.02
"""An object is alone if no more of its surroundings is filled: a speck of dust or a streak beside metal is no body."""

_MOST_PER_MM = 100.0
"""Nothing attenuates more at X-ray energies (tungsten at 30 keV has 44): larger values are HU."""

_MOST_AS_HU = 10.0
"""Values from 0 to this are no CT: they are attenuation in 1/mm, shares or labels."""


@dataclass(frozen=True, slots=True, eq=False)
class SelectedObject:
    """What a selection gives.

    Attributes
    ----------
    volume : the object's attenuation, cropped to its content
    rest : the attenuation of what is left, or None if nothing is around the object
    understanding : the object in numbers
    treatment : what was done beyond the selection itself: "alone", "cleared"; it tells apart cases of one selection
    """

    volume: Volume
    rest: Volume | None
    understanding: Understanding
    treatment: tuple[str, ...] = ()


def select_object(volume: Volume, selection: Selection, *, attenuation: bool = False) -> SelectedObject:
    """Return the object in a volume in HU, or in 1/mm where the values are `attenuation`.

    A frame shows of an object in a body the attenuation by which it exceeds soft tissue. That excess is the object
    here, and the rest has soft tissue in its place; the two add up to the volume. An object with nothing around it
    counts whole and leaves no rest; with `selection.in_air` it counts whole in any case.

    Without a label, a window and a box the volume must be one object, and is taken whole.

    Raises
    ------
    VolumeError
        If the values cannot be HU, or cannot be attenuation.
    ObjectSelectionError
        If too few voxels are selected, or none of them attenuates more than the surroundings; if nothing is selected
        in a whole CT; or if a label map comes without a label. The last two say what there is to select.
    """
    _check_unit(volume, attenuation)
    if selection.label_map is not None and selection.label is None:
        raise ObjectSelectionError(f"expected a label with the label map, got none; {_listed(selection.label_map)}")
    if selection.chooses_nothing:
        return _whole(volume, selection, attenuation)
    return _part(volume, selection, attenuation)


def understand_solid(volume: Volume, volume_mm3: float | None = None) -> Understanding:
    """Return what is understood of an object that is all there is: a mesh, or one that ships. Attenuation in 1/mm."""
    mask = volume.values > 0.0
    parts = count_parts(mask)
    return understand(volume, parts, _mask_mm3(volume, int(mask.sum())) if volume_mm3 is None else volume_mm3)


def _whole(volume: Volume, selection: Selection, attenuation: bool) -> SelectedObject:
    """Return a volume that is one object, without the noise of the air around it, which would widen its box."""
    if not attenuation and not selection.in_air and is_whole_ct(volume):
        low, high = float(volume.values.min()), float(volume.values.max())
        raise ObjectSelectionError(
            f"expected a label, a window of HU or a box in a whole CT (HU {low:g} to {high:g}), got none; "
            f"it holds {'; '.join(list_tissues(volume)) or 'nothing dense'}; if it is one object, say that it is in air"
        )
    all_of_it = attenuation_of(volume, given=attenuation)
    if is_clean(all_of_it):
        inside = crop_to_content(all_of_it)
        return SelectedObject(inside, None, understand_solid(inside))
    mask, parts = without_specks(all_of_it.values > EMPTY_PER_MM)
    inside = crop_to_content(Volume(np.where(mask, all_of_it.values, np.float32(0.0)), volume.lps_from_index))
    return SelectedObject(inside, None, understand(inside, parts, _mask_mm3(volume, int(mask.sum()))), ("cleared",))


def _part(volume: Volume, selection: Selection, attenuation: bool) -> SelectedObject:
    """Return what a label, a window or a box selects, and the rest if there is any."""
    mask, parts = without_specks(selection_mask(volume, selection, unit="1/mm" if attenuation else "HU"))
    all_of_it = attenuation_of(volume, given=attenuation)
    alone = filled_share(all_of_it, mask) <= ALONE_SHARE
    whole = alone or selection.in_air
    surrounding = 0.0 if whole else WATER_PER_MM * (1.0 + SOFT_TISSUE_HU / 1000.0)
    excess = np.where(mask, np.maximum(all_of_it.values - surrounding, 0.0), 0.0).astype(np.float32)
    if not excess.any():
        what = "air" if whole else f"soft tissue (HU up to {SOFT_TISSUE_HU:g})"
        raise ObjectSelectionError(f"expected an object denser than {what}, got none of it in the selection")
    inside = crop_to_content(Volume(excess, volume.lps_from_index))
    rest = None if alone else Volume(all_of_it.values - excess, volume.lps_from_index)
    understanding = understand(inside, parts, _mask_mm3(volume, int(mask.sum())), in_body=not whole)
    treatment = (*(("alone",) if alone else ()), *(("cleared",) if parts.specks else ()))
    return SelectedObject(inside, rest, understanding, treatment)


def _check_unit(volume: Volume, attenuation: bool) -> None:
    """Refuse HU that are said to be attenuation, and attenuation that is said to be HU."""
    low, high = float(volume.values.min()), float(volume.values.max())
    if attenuation and (low < -1.0 or high > _MOST_PER_MM):
        raise VolumeError(f"expected attenuation in 1/mm, got values {low:g} to {high:g}, which look like HU")
    if not attenuation and low >= 0.0 and high <= _MOST_AS_HU:
        raise VolumeError(
            f"expected HU, got values {low:g} to {high:g}, which look like attenuation in 1/mm; say so if they are"
        )


def _listed(labels: Volume) -> str:
    return f"the map has {'; '.join(list_labels(labels)) or 'no label but 0'}"


def _mask_mm3(volume: Volume, voxels: int) -> float:
    return voxels * float(abs(np.linalg.det(volume.lps_from_index[:3, :3])))
