"""Cameras and places from files: JSON in the forms of the API, or geometry as other programs write it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.conversion.convert import read_geometry
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.io.files import read_json
from fluoropose.io.geometry_files import geometry_in_file
from fluoropose.serving.camera_request import CameraRequest
from fluoropose.transports.http.decode import decode_camera, decode_header
from fluoropose.transports.http.errors import validation_text
from fluoropose.transports.http.request_schemas import FrameMeta, PlacedCameraModel
from fluoropose.transports.http.schemas import CameraModel, camera_json

__all__ = ["is_placed", "read_camera", "read_placed_camera", "read_placed_cameras", "read_places"]


def read_camera(path: Path) -> Camera:
    """Return the camera in a file: JSON in either form of the API, or any geometry that `geometry convert` reads.

    Where it stands is left out.
    """
    value: Any = _read_camera_json(path)
    if isinstance(value, dict):
        value.pop("camera_from_world", None)
    return _camera(value, path).camera


def is_placed(path: Path) -> bool:
    """Tell whether a camera's file says where in a world the camera stands; the display of an XA image does not."""
    value: Any = _read_camera_json(path, say=False)
    return isinstance(value, dict) and value.get("camera_from_world") is not None


def read_placed_cameras(paths: Sequence[Path]) -> list[PlacedCamera]:
    """Return cameras in files with their `camera_from_world`, which one camera alone may leave out.

    Raises
    ------
    InputError
        If one of several cameras has no place in the world.
    """
    placed = []
    for path in paths:
        value: Any = _read_camera_json(path)
        place = value.pop("camera_from_world", None) if isinstance(value, dict) else None
        if place is None and len(paths) > 1:
            raise InputError(
                f"expected camera_from_world in the camera of each of {len(paths)} views, got none in {path}"
            )
        asked = _camera(value, path)
        given = {} if place is None else {"camera_from_world": place}
        placed.append(PlacedCamera(asked.camera, tolerance=asked.tolerance, mask=asked.mask, **given))
    return placed


def _read_camera_json(path: Path, say: bool = True) -> Any:
    """Return a camera's JSON as the API takes it, converted where the file has another kind of geometry.

    What was assumed is said, if `say`.

    Raises
    ------
    InputError, FrameError
        If there is no such file, it holds no geometry, or no such camera can be.
    """
    if path.suffix == ".json":
        value: Any = read_json(path, "a camera")
        if not (isinstance(value, dict) and "kind" in value):
            return value
    fields = geometry_in_file(path)
    try:
        geometry = read_geometry(fields)
    except GeometryError as error:
        raise InputError(f"expected a camera in {path}, got: {error}") from error
    for note in geometry.notes if say else ():
        typer.echo(f"note: {path.name}: {note}", err=True)
    value = camera_json(geometry.camera)
    if geometry.camera_from_world is not None and not geometry.is_first_guess:
        value["camera_from_world"] = geometry.camera_from_world.tolist()
    return value


def _camera(value: Any, path: Path) -> CameraRequest:
    try:
        return CameraModel.model_validate(value).value()
    except ValueError as error:
        raise InputError(f"expected a camera in {path}, got: {_fault(error)}") from error


def read_placed_camera(path: Path) -> dict[str, Any]:
    """Return the camera in a file as sessions take it: in either form, with its place if it has one."""
    try:
        model = PlacedCameraModel.model_validate(_read_camera_json(path))
    except ValueError as error:
        raise InputError(f"expected a camera in {path}, got: {_fault(error)}") from error
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
            raise InputError(f"expected places in {path}, got: {_fault(error)}") from error
    return places


def _fault(error: ValueError) -> str:
    """Return what is wrong in one line: of a model that refused fields, which ones and why."""
    listed = getattr(error, "errors", None)
    return json.dumps(str(error).splitlines()[0])[1:-1] if listed is None else validation_text(listed())
