"""From options and files of the command line to values; every mistake is an InputError."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fluoropose.arrays import Mat44
from fluoropose.drr.atlas import AtlasGrid, Progress
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import check_rigid
from fluoropose.io.cases import store_case
from fluoropose.io.files import read_json
from fluoropose.io.preparation import VIEWS
from fluoropose.objects.catalogue import ShippedObject
from fluoropose.transports.http.decode import decode_camera, decode_header
from fluoropose.transports.http.request_schemas import FrameMeta, PlacedCameraModel
from fluoropose.transports.http.schemas import CameraModel

__all__ = [
    "is_placed",
    "prepare_shipped",
    "read_camera",
    "read_placed_camera",
    "read_placed_cameras",
    "read_places",
    "read_pose",
    "read_world_pose",
    "view_choice",
]


def read_camera(path: Path) -> Camera:
    """Return the camera in a JSON file, in either form of the API."""
    return _camera(read_json(path, "a camera"), path)


def is_placed(path: Path) -> bool:
    """Tell whether a camera's JSON file says where in a world the camera stands."""
    value: Any = read_json(path, "a camera")
    return isinstance(value, dict) and value.get("camera_from_world") is not None


def read_placed_cameras(paths: Sequence[Path]) -> list[PlacedCamera]:
    """Return cameras in JSON files with their `camera_from_world`, which one camera alone may leave out.

    Raises
    ------
    InputError
        If one of several cameras has no place in the world.
    """
    placed = []
    for path in paths:
        value: Any = read_json(path, "a camera")
        place = value.pop("camera_from_world", None) if isinstance(value, dict) else None
        if place is None and len(paths) > 1:
            raise InputError(
                f"expected camera_from_world in the camera of each of {len(paths)} views, got none in {path}"
            )
        camera = _camera(value, path)
        placed.append(PlacedCamera(camera) if place is None else PlacedCamera(camera, place))
    return placed


def _camera(value: Any, path: Path) -> Camera:
    try:
        return CameraModel.model_validate(value).value().camera
    except ValueError as error:
        raise InputError(f"expected a camera in {path}, got: {_first_line(error)}") from error


def read_placed_camera(path: Path) -> dict[str, Any]:
    """Return the camera in a JSON file as sessions take it: in either form, with its place if it has one."""
    try:
        model = PlacedCameraModel.model_validate(read_json(path, "a camera"))
    except ValueError as error:
        raise InputError(f"expected a camera in {path}, got: {_first_line(error)}") from error
    decode_camera(model)
    return model.model_dump(exclude_none=True)


def read_places(path: Path, count: int) -> list[dict[str, Any]]:
    """Return where the camera stood for each of `count` frames, as their headers say it.

    The file is a list: of 4x4 `camera_from_world`, or of C-arm angles and distances.
    """
    given: Any = read_json(path, "places")
    if not isinstance(given, list) or len(given) != count:
        got = len(given) if isinstance(given, list) else "something else"
        raise InputError(f"expected a list of {count} places in {path}, one per frame, got {got}")
    places = [{"c_arm" if isinstance(place, dict) else "camera_from_world": place} for place in given]
    for place in places:
        try:
            decode_header(FrameMeta.model_validate(place))
        except ValueError as error:
            raise InputError(f"expected places in {path}, got: {_first_line(error)}") from error
    return places


def read_world_pose(path: Path) -> Mat44:
    """Return world_from_volume in a JSON file: the 4x4 itself or {"world_from_volume": ...}."""
    value: Any = read_json(path, "a pose")
    return check_rigid(value.get("world_from_volume") if isinstance(value, dict) else value, "world_from_volume")


def read_pose(path: Path) -> Mat44:
    """Return camera_from_volume in a JSON file: the 4x4 itself or {"camera_from_volume": ...}."""
    value: Any = read_json(path, "a pose")
    if isinstance(value, dict):
        value = value.get("camera_from_volume")
    return check_rigid(value, "camera_from_volume")


def view_choice(
    view: str, range_mm: float, half_range_deg: float, step_deg: float, half_range_beta_deg: float | None = None
) -> ViewChoice:
    """Return the expected view from a name of `VIEWS` or a pose file (its rotation counts, not its range)."""
    for half_deg in (half_range_deg, half_range_deg if half_range_beta_deg is None else half_range_beta_deg):
        if not (0 < step_deg <= half_deg <= 80):
            raise InputError(f"expected 0 < step <= half range <= 80 degrees, got {step_deg:g} and {half_deg:g}")
    if not range_mm > 0:
        raise InputError(f"expected a positive range, got {range_mm:g} mm")
    grid = AtlasGrid(half_range_deg, step_deg, half_range_beta_deg)
    if view in VIEWS:
        return ViewChoice(VIEWS[view], range_mm, grid)
    if not Path(view).exists():
        raise InputError(f"expected a view of {', '.join(VIEWS)} or a pose file, got {view!r}")
    return ViewChoice(read_pose(Path(view))[:3, :3], range_mm, grid)


def prepare_shipped(
    item: ShippedObject, folder: Path, *, grid: AtlasGrid = AtlasGrid(), replace: bool = False, progress: Progress
) -> Case:
    """Prepare and store a shipped object's case; its digest names the drawing's version, not its voxels."""
    choice = ViewChoice(item.base_rotation, item.range_mm, grid)
    details = {"object": item.name}
    return store_case(folder, item.source, item.volume(), choice, details=details, replace=replace, progress=progress)


def _first_line(error: Exception) -> str:
    return json.dumps(str(error).splitlines()[0])[1:-1]
