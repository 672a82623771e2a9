"""What looks wrong or is worth knowing about a CT's values and grid, with how sure that is. Values in HU."""

from collections.abc import Iterator

import numpy as np

from fluoropose.imaging.finding import Finding
from fluoropose.imaging.volume import Volume

__all__ = ["find_hu_offset", "list_volume_findings"]

SURE = 0.9
"""From this certainty on a finding is acted on."""

_OFFSET = 1024.0
_NEAR = 150.0
"""Fat, muscle, organs and water lie within this of 0 HU."""

_MATTER_ABOVE = 300.0
"""With air at 0 and soft tissue at 1024, what is above this is no air."""

_ENOUGH_VOXELS = 2_000_000
_CLIPPED_VOXELS = 20
_CLIPPED_FROM_HU = 2900.0
_BACKGROUND_SHARE = 0.05
_COARSE_MM, _UNEVEN = 3.5, 3.0


def find_hu_offset(volume: Volume) -> Finding | None:
    """Return a finding if the values look like HU + 1024: air near 0 and most of the rest near 1024."""
    values = _thinned(volume)
    matter = values[values > _MATTER_ABOVE]
    if float(values.min()) < -100.0 or matter.size < 0.02 * values.size:
        return None
    share = float((np.abs(matter - _OFFSET) < _NEAR).mean())
    if share < 0.3:
        return None
    text = (
        f"values from {values.min():g} to {values.max():g}, {100 * share:.0f} % of what is not air within {_NEAR:g} of "
        f"{_OFFSET:g}: they look like HU + 1024; give the offset -1024 if they are, 0 if not"
    )
    return Finding("hu-offset", "error" if share > 0.5 else "warning", text, 0.95 if share > 0.5 else 0.6)


def list_volume_findings(volume: Volume) -> list[Finding]:
    """Return what there is to say of a volume, the worst first."""
    found = [find_hu_offset(volume), *_grid_findings(volume), *_value_findings(volume)]
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted((one for one in found if one is not None), key=lambda one: order[one.severity])


def _grid_findings(volume: Volume) -> Iterator[Finding]:
    spacing = volume.spacing_mm
    shown = " x ".join(f"{side:.3g}" for side in spacing)
    if spacing.max() > _UNEVEN * spacing.min():
        text = f"voxels of {shown} mm: along one axis the object is {spacing.max() / spacing.min():.1f} times coarser"
        yield Finding("anisotropic", "warning", text)
    elif spacing.max() > _COARSE_MM:
        yield Finding("coarse", "warning", f"voxels of {shown} mm are coarse: edges and small parts are lost")
    if np.linalg.det(volume.lps_from_index[:3, :3]) < 0:
        text = "the grid is left-handed: one axis runs against the other two; it is placed by its header, not mirrored"
        yield Finding("left-handed", "note", text)


def _value_findings(volume: Volume) -> Iterator[Finding]:
    values = _thinned(volume)
    low, high = float(values.min()), float(values.max())
    if 0.0 <= low and high <= 10.0:
        text = f"values from {low:g} to {high:g}: attenuation in 1/mm, shares or a label map, not HU"
        yield Finding("not-hu", "warning", text, 0.9)
        return
    if _looks_like_labels(values):
        yield Finding("label-map", "note", f"{len(np.unique(values))} whole values from {low:g}: a label map", 0.8)
        return
    clipped = int((volume.values == volume.values.max()).sum())
    if float(volume.values.max()) >= _CLIPPED_FROM_HU and clipped >= _CLIPPED_VOXELS:
        text = f"{clipped:,} voxels have the largest value, {volume.values.max():g}: metal is denser than the file says"
        yield Finding("clipped-metal", "warning", text, 0.9)
    zeros = float((values == 0.0).mean())
    if low > -500.0 and zeros > _BACKGROUND_SHARE:
        text = f"{100 * zeros:.0f} % of the voxels are 0 and none is air (-1000): 0 is taken as nothing, not as water"
        yield Finding("background-zero", "warning", text, 0.8)
    elif low > -500.0:
        yield Finding("no-air", "note", f"the least value is {low:g} HU: there is no air in the volume", 0.7)


def _looks_like_labels(values: np.ndarray) -> bool:
    """Return whether values are few, whole and not negative, as labels are."""
    if float(values.min()) < 0.0 or float(values.max()) > 1000.0:
        return False
    return len(np.unique(values)) <= 256 and bool((values == np.rint(values)).all())


def _thinned(volume: Volume) -> np.ndarray:
    """Return every n-th voxel along each axis, about two million in all."""
    step = max(1, round((volume.values.size / _ENOUGH_VOXELS) ** (1 / 3)))
    return volume.values[::step, ::step, ::step]
