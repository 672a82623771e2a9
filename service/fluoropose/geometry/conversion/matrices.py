"""Geometry as matrices: an intrinsic matrix with a place, or a 3x4 projection matrix; with others' signs and origins.

A client says how its matrix counts: `v_axis` "down" (as here) or "up" (rows from the bottom), `pixel_origin` "center"
(as here: the centre of the first pixel is (0, 0)) or "corner". Focal lengths may be negative: a camera that looks along
-z, as OpenGL's, has fx < 0, a y axis that points up has fy < 0.
"""

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.conversion.fields import (
    choice_field,
    numbers_field,
    optional_distance,
    require_known,
    side_field,
)
from fluoropose.geometry.conversion.imaging_geometry import (
    Fields,
    ImagingGeometry,
    WrittenGeometry,
    flip_rows,
    physical_geometry,
    shift_origin,
)

__all__ = ["read_intrinsic", "read_projection_matrix", "write_intrinsic", "write_projection_matrix"]

_HOW = ("v_axis", "pixel_origin")
_HALF_PX = 0.5


def read_intrinsic(fields: Fields) -> ImagingGeometry:
    """Return the geometry of {"rows", "columns", "intrinsic_matrix"} and an optional "camera_from_world".

    Raises
    ------
    GeometryError
        If a field is missing, unknown or no such camera can be.
    """
    require_known(fields, "intrinsic", ("rows", "columns", "intrinsic_matrix", "camera_from_world", *_HOW))
    matrix = _matrix_from(fields, numbers_field(fields, "intrinsic_matrix", (3, 3)))
    if np.abs(matrix[2] - [0.0, 0.0, 1.0]).max() > 1e-9 or abs(matrix[1, 0]) > 1e-9:
        raise GeometryError(
            f"expected intrinsic_matrix upper triangular with last row [0, 0, 1], got {matrix.tolist()}"
        )
    given = fields.get("camera_from_world")
    place = np.eye(4) if given is None else numbers_field(fields, "camera_from_world", (4, 4))
    matrix, placed = physical_geometry(matrix, place[:3, :3], place[:3, 3])
    known = given is not None or not np.array_equal(placed, np.eye(4))
    return ImagingGeometry(_camera(fields, matrix), placed if known else None, optional_distance(fields))


def write_intrinsic(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return the fields of an intrinsic matrix and a place; `options` are `v_axis`, `pixel_origin`, `looks_along`.

    `looks_along` "-z" writes OpenGL's camera: x to the right, y up, the beam along -z, fx negative.
    """
    camera, place = geometry.camera, geometry.camera_from_world
    matrix = camera.intrinsic_matrix
    if choice_field(options, "looks_along", ("+z", "-z")) == "-z":
        axes = np.array([1.0, -1.0, -1.0])
        matrix = -matrix * axes
        place = np.diag([*axes, 1.0]) @ (np.eye(4) if place is None else place)
    fields = {"rows": camera.rows, "columns": camera.columns, "intrinsic_matrix": _matrix_to(options, matrix, camera)}
    return WrittenGeometry(fields | _how(options) | ({} if place is None else {"camera_from_world": place.tolist()}))


def read_projection_matrix(fields: Fields) -> ImagingGeometry:
    """Return the geometry of {"rows", "columns", "projection_matrix": 3x4}, which takes world mm to pixels.

    The scale of the matrix, its sign included, means nothing: of the two cameras that a sign leaves, one is mirrored.

    Raises
    ------
    GeometryError
        If a field is missing or unknown, or the matrix has no centre of projection.
    """
    require_known(fields, "projection_matrix", ("rows", "columns", "projection_matrix", *_HOW))
    projection = _matrix_from(fields, numbers_field(fields, "projection_matrix", (3, 4)))
    scale = float(np.linalg.norm(projection[2, :3]))
    if scale == 0.0 or abs(np.linalg.det(projection[:, :3] / scale)) < 1e-9:
        raise GeometryError("expected a projection_matrix whose left 3x3 part can be inverted, got a singular one")
    projection = projection / (scale * np.sign(np.linalg.det(projection[:, :3])))
    matrix, rotation = _split(projection[:, :3])
    translation = np.linalg.solve(matrix, projection[:, 3])
    matrix, place = physical_geometry(matrix / matrix[2, 2], rotation, translation)
    return ImagingGeometry(_camera(fields, matrix), place, optional_distance(fields))


def write_projection_matrix(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return the 3x4 matrix K [R | t], its last row of unit length; `options` are `v_axis` and `pixel_origin`."""
    camera = geometry.camera
    matrix = np.array(_matrix_to(options, camera.intrinsic_matrix, camera))
    projection = matrix @ geometry.require_place("projection_matrix")[:3]
    fields = {"rows": camera.rows, "columns": camera.columns, "projection_matrix": projection.tolist()}
    return WrittenGeometry(fields | _how(options))


def _split(matrix: Float64) -> tuple[Float64, Float64]:
    """Return the upper triangular matrix with a positive diagonal and the rotation whose product is `matrix`."""
    # QR of the matrix turned upside down gives RQ.
    orthogonal, triangular = np.linalg.qr(matrix[::-1].T)
    upper, rotation = triangular.T[::-1, ::-1], orthogonal.T[::-1]
    signs = np.sign(np.diag(upper))
    return upper * signs, signs[:, None] * rotation


def _matrix_from(fields: Fields, matrix: Float64) -> Float64:
    if choice_field(fields, "v_axis", ("down", "up")) == "up":
        # From corner to corner rows - v, from centre to centre rows - 1 - v.
        corner = choice_field(fields, "pixel_origin", ("center", "corner")) == "corner"
        matrix = flip_rows(matrix, side_field(fields, "rows") + (1 if corner else 0))
    if choice_field(fields, "pixel_origin", ("center", "corner")) == "corner":
        matrix = shift_origin(matrix, -_HALF_PX)
    return matrix


def _matrix_to(options: Fields, matrix: Float64, camera: Camera) -> list[list[float]]:
    corner = choice_field(options, "pixel_origin", ("center", "corner")) == "corner"
    matrix = shift_origin(matrix, _HALF_PX) if corner else matrix
    if choice_field(options, "v_axis", ("down", "up")) == "up":
        matrix = flip_rows(matrix, camera.rows + (1 if corner else 0))
    return [[float(number) for number in row] for row in matrix]


def _how(options: Fields) -> dict[str, str]:
    return {name: str(options[name]) for name in _HOW if name in options}


def _camera(fields: Fields, matrix: Float64) -> Camera:
    matrix = matrix.copy()
    matrix[2], matrix[1, 0] = [0.0, 0.0, 1.0], 0.0
    return Camera(side_field(fields, "rows"), side_field(fields, "columns"), matrix)
