"""MayaCam files: version 2 has matrices, version 1 the place and the angles of a camera in Maya.

Version 2 (XMALab, Autoscoper): blocks of size (columns, rows), camera matrix, rotation and translation, with
x_camera = R x_world + t, v downwards, the first pixel's centre at (0, 0). Checked on real calibrations: axes of two
cameras pass each other by millimetres and points triangulate (tests marked `data`).

Version 1: five lines of three numbers. Position in the world; angles in degrees about the camera's own x, y and z,
applied z first, then y, then x; the film's position (not used); u0, v0 and the focal length, in pixels, negative, with
u0 counted from 1 and v0 from 1 upwards from the bottom; scale, columns and rows. The camera looks along -z, y up. Read
from Autoscoper's documentation and its reader (libautoscoper/src/Camera.cpp).
"""

import re
from math import asin, atan2

import numpy as np

from fluoropose.arrays import Float64, Mat33
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.conversion.fields import (
    finite_numbers,
    optional_distance,
    optional_number,
    require_known,
    text_field,
)
from fluoropose.geometry.conversion.imaging_geometry import (
    Fields,
    ImagingGeometry,
    WrittenGeometry,
    physical_geometry,
)
from fluoropose.geometry.rigid import inverse, rigid
from fluoropose.geometry.rotation import about_x, about_y, about_z

__all__ = ["read_mayacam1", "read_mayacam2", "write_mayacam1", "write_mayacam2"]

_BLOCKS = {"image size": 2, "camera matrix": 9, "rotation": 9, "translation": 3}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DEFAULT_SIDE = 1024
"""A size of 0 in a file of version 1 stands for this."""


def read_mayacam2(fields: Fields) -> ImagingGeometry:
    """Return the geometry of {"text": a MayaCam 2.0 file}; `unit_mm` is the length of its unit (default 1).

    Raises
    ------
    GeometryError
        If a block is missing or has another count of numbers, or no such camera can be.
    """
    require_known(fields, "mayacam2", ("text", "unit_mm"))
    blocks = _blocks(text_field(fields, "text"))
    columns, rows = (_whole(number, "image size") for number in blocks["image size"])
    shift = np.array(blocks["translation"]) * optional_number(fields, "unit_mm", 1.0)
    matrix = np.reshape(blocks["camera matrix"], (3, 3))
    matrix, place = physical_geometry(matrix, np.reshape(blocks["rotation"], (3, 3)), shift)
    return ImagingGeometry(Camera(rows, columns, matrix), place, optional_distance(fields))


def write_mayacam2(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return {"text": a MayaCam 2.0 file}, all digits kept."""
    camera, place = geometry.camera, geometry.require_place("mayacam2")
    matrix, rotation = (_rows(values) for values in (camera.intrinsic_matrix, place[:3, :3]))
    shift = "\n".join(repr(float(number)) for number in place[:3, 3])
    text = (
        f"image size\n{camera.columns},{camera.rows}\n\ncamera matrix\n{matrix}\n\nrotation\n{rotation}\n\n"
        f"translation\n{shift}\n"
    )
    return WrittenGeometry({"text": text})


def read_mayacam1(fields: Fields) -> ImagingGeometry:
    """Return the geometry of {"text": a MayaCam 1.0 file}; `unit_mm` is the length of its unit (default 1).

    Raises
    ------
    GeometryError
        If the file has not five lines of three numbers, or no such camera can be.
    """
    require_known(fields, "mayacam1", ("text", "unit_mm"))
    lines = [line for line in text_field(fields, "text").splitlines() if line.strip()]
    values = [finite_numbers(_NUMBER.findall(line), "the numbers of a MayaCam 1.0 file") for line in lines[:5]]
    if len(values) < 5 or any(len(line) != 3 for line in values):
        counts = [len(line) for line in values]
        raise GeometryError(f"expected a MayaCam 1.0 file of 5 lines of 3 numbers, got lines of {counts}")
    (u0, v0, depth), (_, columns, rows) = values[3], values[4]
    columns, rows = (_whole(side or _DEFAULT_SIDE, "size") for side in (columns, rows))
    matrix = np.array([[abs(depth), 0.0, u0 - 1.0], [0.0, abs(depth), rows - v0], [0.0, 0.0, 1.0]])
    position = np.array(values[0]) * optional_number(fields, "unit_mm", 1.0)
    world_from_maya = rigid(_from_angles(*np.deg2rad(values[1])), position)
    place = np.diag([1.0, -1.0, -1.0, 1.0]) @ inverse(world_from_maya)
    return ImagingGeometry(Camera(rows, columns, matrix), place, optional_distance(fields))


def write_mayacam1(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return {"text": a MayaCam 1.0 file}; it holds one focal length, so that the mean is written of two."""
    camera = geometry.camera
    world_from_maya = inverse(np.diag([1.0, -1.0, -1.0, 1.0]) @ geometry.require_place("mayacam1"))
    matrix = camera.intrinsic_matrix
    scale = 0.1
    u0, v0 = float(matrix[0, 2]) + 1.0, camera.rows - float(matrix[1, 2])
    film = scale * np.array([camera.columns / 2 - u0, camera.rows / 2 - v0, -camera.focal_px])
    angles = np.rad2deg(_to_angles(world_from_maya[:3, :3]))
    lines = [world_from_maya[:3, 3], angles, film, [u0, v0, -camera.focal_px], [scale, camera.columns, camera.rows]]
    difference = float(matrix[0, 0] - matrix[1, 1])
    losses = []
    if abs(difference) > 1e-9 * camera.focal_px:
        most = 0.5 * abs(difference) / camera.focal_px * 0.5 * max(camera.rows, camera.columns)
        losses.append(f"two focal lengths, {difference:.2f} px apart: up to {most:.1f} px at the picture's edge")
    if abs(float(matrix[0, 1])) > 1e-9:
        losses.append(f"the skew of {float(matrix[0, 1]):g} px")
    return WrittenGeometry({"text": _rows(np.array(lines)) + "\n"}, tuple(losses))


def _blocks(text: str) -> dict[str, list[float]]:
    """Return the numbers of each block of a MayaCam 2.0 file by its name."""
    blocks: dict[str, list[float]] = {}
    name = ""
    for line in text.splitlines():
        word = line.strip().lower()
        if word in _BLOCKS:
            name = word
            blocks[name] = []
        elif word and name:
            blocks[name] += finite_numbers(_NUMBER.findall(line), f"the numbers under {name!r}")
    for wanted, count in _BLOCKS.items():
        got = len(blocks.get(wanted, ()))
        if got != count:
            raise GeometryError(f"expected a MayaCam 2.0 file with {count} numbers under {wanted!r}, got {got}")
    return blocks


def _whole(value: float, name: str) -> int:
    if value != int(value):
        raise GeometryError(f"expected {name} as whole numbers, got {value:g}")
    return int(value)


def _from_angles(x_rad: float, y_rad: float, z_rad: float) -> Mat33:
    return about_z(z_rad) @ about_y(y_rad) @ about_x(x_rad)


def _to_angles(rotation: Mat33) -> tuple[float, float, float]:
    """Return the angles about x, y and z in rad, y in [-90, 90] degrees; at its ends x is 0."""
    y = -asin(min(max(float(rotation[2, 0]), -1.0), 1.0))
    if np.hypot(rotation[0, 0], rotation[1, 0]) < 1e-9:
        return 0.0, y, atan2(-rotation[0, 1], rotation[1, 1])
    return atan2(rotation[2, 1], rotation[2, 2]), y, atan2(rotation[1, 0], rotation[0, 0])


def _rows(values: Float64) -> str:
    return "\n".join(",".join(repr(float(number)) for number in row) for row in values)
