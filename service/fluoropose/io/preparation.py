"""From a CT's file to a stored case, for the command line and the service: read, select the object, render views."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fluoropose.arrays import Float64, Mat33
from fluoropose.drr.atlas import AtlasGrid, Progress, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError, VolumeError
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.attenuation import attenuation_from_hu
from fluoropose.imaging.selection import Selection, select_object
from fluoropose.imaging.volume import Volume, crop_to_content
from fluoropose.io.cases import store_case
from fluoropose.io.poses import read_pose
from fluoropose.io.volumes import read_volume, volume_identity
from fluoropose.objects.catalogue import ShippedObject

__all__ = ["CaseRequest", "VIEWS", "choose_view", "prepare_ct", "prepare_shipped", "volume_suffix"]

VIEWS: dict[str, Mat33] = {
    "frontal": about_x(np.pi / 2),
    "back": np.diag([-1.0, 1.0, -1.0]) @ about_x(np.pi / 2),
    "lateral": about_y(np.pi / 2) @ about_x(np.pi / 2),
}
"""Base rotations with the head up in the picture: the beam enters from the front, from the back, or from a side."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseRequest:
    """What a case is prepared from.

    Attributes
    ----------
    ct : the file or folder of the CT
    choice : the expected view
    label_map, label, hu_window, box_mm, in_air : what belongs to the object, see `imaging.selection.Selection`; without
        a label, a window and a box the whole volume is the object
    attenuation : the volume's values are attenuation in 1/mm, not HU
    """

    ct: Path
    choice: ViewChoice
    label_map: Path | None = None
    label: int | None = None
    hu_window: tuple[float, float] | None = None
    box_mm: Float64 | None = None
    attenuation: bool = False
    in_air: bool = False


def prepare_ct(request: CaseRequest, folder: Path, *, replace: bool = False, progress: Progress = no_progress) -> Case:
    """Read a CT, select the object, prepare the case and store it in `folder`; a failure leaves no listed case."""
    volume = read_volume(request.ct)
    labels = read_volume(request.label_map) if request.label_map is not None else None
    box = None if request.box_mm is None else np.asarray(request.box_mm).tolist()
    named = (
        volume_identity(volume),
        request.label,
        request.hu_window,
        box,
        labels and volume_identity(labels),
        request.in_air,
    )
    rest: Volume | None = None
    if request.label is None and request.hu_window is None and request.box_mm is None:
        inside = crop_to_content(volume if request.attenuation else attenuation_from_hu(volume))
    else:
        chosen = Selection(request.label, labels, request.hu_window, request.box_mm, request.in_air)
        inside, rest = select_object(volume, chosen)
    selection = {"label": request.label, "hu_window": request.hu_window, "box_mm": box}
    return store_case(
        folder,
        repr(named),
        inside,
        request.choice,
        rest=rest,
        details={"ct": request.ct.name, "selection": selection},
        replace=replace,
        progress=progress,
    )


def prepare_shipped(
    item: ShippedObject,
    folder: Path,
    *,
    grid: AtlasGrid = AtlasGrid(),
    replace: bool = False,
    progress: Progress = no_progress,
) -> Case:
    """Prepare and store a shipped object's case; its digest names the drawing's version, not its voxels."""
    choice = ViewChoice(item.base_rotation, item.range_mm, grid)
    details = {"object": item.name}
    return store_case(folder, item.source, item.volume(), choice, details=details, replace=replace, progress=progress)


def choose_view(view: str, range_mm: float, grid: AtlasGrid) -> ViewChoice:
    """Return the expected view from a name of `VIEWS` or a pose file, whose rotation counts and not its range.

    Raises
    ------
    InputError
        If an angle or the range cannot be, or there is no such view.
    """
    for half_deg in grid.reach_deg:
        if not (0 < grid.step_deg <= half_deg <= 80):
            raise InputError(f"expected 0 < step <= half range <= 80 degrees, got {grid.step_deg:g} and {half_deg:g}")
    if not range_mm > 0:
        raise InputError(f"expected a positive range, got {range_mm:g} mm")
    if view in VIEWS:
        return ViewChoice(VIEWS[view], range_mm, grid)
    if not Path(view).exists():
        raise InputError(f"expected a view of {', '.join(VIEWS)} or a pose file, got {view!r}")
    return ViewChoice(read_pose(Path(view))[:3, :3], range_mm, grid)


def volume_suffix(first_bytes: bytes) -> str:
    """Return the suffix of an uploaded file by its first bytes, whatever its name, or raise VolumeError."""
    if first_bytes.startswith(b"\x1f\x8b"):
        return ".nii.gz"
    if first_bytes.startswith(b"PK"):
        return ".zip"
    if first_bytes.startswith(b"NRRD"):
        return ".nrrd"
    if first_bytes[:4] in (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c"):
        return ".nii"
    raise VolumeError("expected NIfTI, NRRD or a zip of a DICOM series, got other bytes")
