"""Files of a detector's distortion: a map of places as .npy, or OpenCV's coefficients as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.distortion import DistortionMap, map_of_coefficients
from fluoropose.io.files import read_json
from fluoropose.io.reader_faults import translate_faults

__all__ = ["read_distortion", "read_distortions"]


def read_distortion(path: Path, camera: Camera) -> DistortionMap:
    """Return the distortion of a camera's frames.

    An .npy file holds places (rows, columns, 2), the column and row in the frame as it was taken of each pixel of the
    straight one. A .json file holds {"coefficients": [k1, k2, p1, p2, k3]}, as OpenCV's calibration gives them.

    Raises
    ------
    InputError
        If the file cannot be read, or has another size than the camera.
    """
    with translate_faults(InputError, f"a distortion in {path.name}"):
        try:
            found = _read(path, camera)
        except GeometryError as error:
            raise InputError(f"expected a distortion in {path.name}, got: {error}") from error
    rows, columns = found.places.shape[:2]
    if (rows, columns) != (camera.rows, camera.columns):
        size = f"{camera.rows} x {camera.columns}"
        raise InputError(
            f"expected a distortion map of the camera's {size} pixels in {path.name}, got {rows} x {columns}"
        )
    return found


def read_distortions(paths: Sequence[Path], cameras: Sequence[Camera]) -> list[DistortionMap | None]:
    """Return the distortion of each camera's frames; None for each where no file is given.

    Raises
    ------
    InputError
        If there is not one file per camera or none, or as `read_distortion`.
    """
    if not paths:
        return [None] * len(cameras)
    if len(paths) != len(cameras):
        raise InputError(f"expected a distortion for each of {len(cameras)} cameras, or none, got {len(paths)}")
    return [read_distortion(path, camera) for path, camera in zip(paths, cameras, strict=True)]


def _read(path: Path, camera: Camera) -> DistortionMap:
    if path.suffix.lower() == ".npy":
        return DistortionMap(np.load(path, allow_pickle=False))
    value: Any = read_json(path, "a distortion")
    if not isinstance(value, dict) or set(value) != {"coefficients"} or not isinstance(value["coefficients"], list):
        raise InputError(f'expected {{"coefficients": [k1, k2, p1, p2, k3]}} in {path.name}, got something else')
    return map_of_coefficients(camera, [float(one) for one in value["coefficients"]])
