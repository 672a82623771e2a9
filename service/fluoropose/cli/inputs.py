"""From options and files of the command line to values; every mistake is an InputError."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.api.schemas import CameraModel
from fluoropose.arrays import Mat33, Mat44
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import checked_rigid
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.attenuation import attenuation_from_hu
from fluoropose.imaging.selection import Selection, select_object
from fluoropose.imaging.volume import Volume, crop_to_content
from fluoropose.io.cases import store_case
from fluoropose.io.files import read_json
from fluoropose.io.volumes import read_volume, volume_identity
from fluoropose.objects.catalogue import ShippedObject

__all__ = ["VIEWS", "prepare_ct", "prepare_shipped", "read_camera", "read_pose", "view_choice"]

VIEWS: dict[str, Mat33] = {
    "frontal": about_x(np.pi / 2),
    "back": about_x(np.pi / 2) @ np.diag([-1.0, -1.0, 1.0]),
    "lateral": about_y(np.pi / 2) @ about_x(np.pi / 2),
}
"""Base views, head up: the beam enters from the front, from the back, or from the patient's right side."""


def read_camera(path: Path) -> Camera:
    """Return the camera in a JSON file, in either form of the API."""
    try:
        return CameraModel.model_validate(read_json(path, "a camera")).value()
    except ValueError as error:
        raise InputError(f"expected a camera in {path}, got: {_first_line(error)}") from error


def read_pose(path: Path) -> Mat44:
    """Return camera_from_volume in a JSON file: the 4x4 itself or {"camera_from_volume": ...}."""
    value: Any = read_json(path, "a pose")
    if isinstance(value, dict):
        value = value.get("camera_from_volume")
    return checked_rigid(value, "camera_from_volume")


def view_choice(view: str, range_mm: float, half_range_deg: float, step_deg: float) -> ViewChoice:
    """Return the expected view from a name of `VIEWS` or a pose file, whose range replaces `range_mm`."""
    if half_range_deg <= 0 or step_deg <= 0 or half_range_deg > 80 or step_deg > half_range_deg:
        raise InputError(f"expected 0 < step <= half range <= 80 degrees, got {step_deg:g} and {half_range_deg:g}")
    if not range_mm > 0:
        raise InputError(f"expected a positive range, got {range_mm:g} mm")
    grid = AtlasGrid(half_range_deg, step_deg)
    if view in VIEWS:
        return ViewChoice(VIEWS[view], range_mm, grid)
    if not Path(view).exists():
        raise InputError(f"expected a view of {', '.join(VIEWS)} or a pose file, got {view!r}")
    return ViewChoice(read_pose(Path(view))[:3, :3], range_mm, grid)


def prepare_ct(
    ct: Path,
    folder: Path,
    choice: ViewChoice,
    *,
    label_map: Path | None = None,
    label: int | None = None,
    hu: tuple[float, float] | None = None,
    box_mm: list[float] | None = None,
    attenuation: bool = False,
    replace: bool = False,
    progress: Any,
) -> Case:
    """Read a CT, choose the object, prepare and store the case. `attenuation`: values are 1/mm already."""
    volume = read_volume(ct)
    labels = read_volume(label_map) if label_map is not None else None
    box = None if box_mm is None else np.array(box_mm, dtype=np.float64).reshape(2, 3)
    source = f"{volume_identity(volume)} {label} {hu} {box_mm} {labels and volume_identity(labels)}"
    rest: Volume | None = None
    if label is None and hu is None and box is None:
        whole = volume if attenuation else attenuation_from_hu(volume)
        inside = crop_to_content(whole)
    else:
        inside, rest = select_object(volume, Selection(label, labels, hu, box))
    details = {"ct": ct.name, "selection": {"label": label, "hu_window": hu, "box_mm": box_mm}}
    return store_case(folder, source, inside, choice, rest=rest, details=details, replace=replace, progress=progress)


def prepare_shipped(item: ShippedObject, folder: Path, *, replace: bool = False, progress: Any) -> Case:
    """Prepare and store a shipped object's case; its digest names the drawing's version, not its voxels."""
    choice = ViewChoice(item.base_rotation, item.range_mm)
    details = {"object": item.name}
    return store_case(folder, item.source, item.volume(), choice, details=details, replace=replace, progress=progress)


def _first_line(error: Exception) -> str:
    return json.dumps(str(error).splitlines()[0])[1:-1]
