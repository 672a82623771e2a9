"""The C-arm as a pinhole camera. Lengths in mm, pixels as (column u, row v).

Frame: origin at the X-ray source, +z towards the detector, +x along increasing column, +y along increasing
row; the centre of the first pixel is (0, 0). A camera is its size and its 3x3 intrinsic matrix in pixels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat33, Points, make_read_only
from fluoropose.errors import GeometryError

__all__ = ["Camera", "camera_from_detector", "camera_from_intrinsics", "off_centre_px", "project", "ray_directions"]

MAX_SIDE_PX = 8192
"""The largest size accepted: no flat-panel detector has more, so a larger number is a mistake or an attack."""


_MIN_LENGTH_MM, _MAX_LENGTH_MM = 1e-5, 1e6
"""Of spacings and distances: a hundredth of a micrometre to a kilometre."""

_MAX_INTRINSIC_PX = 1e8
_MIN_FOCAL_PX = 1e-3
"""A focal length of 10 m over a pixel of 1 um is 1e7 pixels; beyond these bounds products leave the numbers' range."""


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A calibrated projection: the picture's size and the intrinsic matrix in pixels, shape (3, 3).

    Raises
    ------
    GeometryError
        If a side is not 2 to `MAX_SIDE_PX`, or the matrix is not finite, not upper triangular, without focal lengths or
        beyond any detector.
    """

    rows: int
    columns: int
    intrinsic_matrix: Mat33

    def __post_init__(self) -> None:
        """Check the rules that every camera obeys."""
        for name, value in (("rows", self.rows), ("columns", self.columns)):
            if not 2 <= value <= MAX_SIDE_PX:
                raise GeometryError(f"camera {name} must be 2 to {MAX_SIDE_PX}, got {value}")
        matrix = _check_intrinsics(self.intrinsic_matrix)
        object.__setattr__(self, "intrinsic_matrix", make_read_only(matrix))

    @property
    def focal_px(self) -> float:
        """The mean of the two focal lengths in pixels."""
        return float(0.5 * (self.intrinsic_matrix[0, 0] + self.intrinsic_matrix[1, 1]))

    def scale_pixels(self, factor: float) -> "Camera":
        """Return the camera of the same detector with pixels `factor` times as large: 2 halves rows and columns.

        The first pixel covers the area of the `factor` x `factor` pixels that it replaces.
        """
        binning_factor = np.array([[1.0, 0.0, 0.5 - 0.5 * factor], [0.0, 1.0, 0.5 - 0.5 * factor], [0.0, 0.0, factor]])
        matrix = binning_factor @ self.intrinsic_matrix / factor
        matrix[2] = [0.0, 0.0, 1.0]
        return Camera(int(self.rows // factor), int(self.columns // factor), matrix)

    def crop(self, low_px: Float64, high_px: Float64) -> "Camera":
        """Return the camera of a part of the picture, from the pixel `low_px` (column, row) to before `high_px`.

        The part may reach beyond the picture.
        """
        matrix = self.intrinsic_matrix.copy()
        matrix[:2, 2] -= low_px
        return Camera(int(high_px[1] - low_px[1]), int(high_px[0] - low_px[0]), matrix)


def camera_from_detector(
    rows: int,
    columns: int,
    *,
    row_spacing_mm: float,
    column_spacing_mm: float,
    source_to_detector_mm: float,
    principal_point_px: tuple[float, float] | None = None,
) -> Camera:
    """Return the camera of a flat detector.

    Parameters
    ----------
    row_spacing_mm, column_spacing_mm : float
        Distance between pixel centres down a column and along a row, on the detector.
    source_to_detector_mm : float
        Distance from the source to the detector's plane along its normal.
    principal_point_px : (u, v), optional
        The pixel where that normal meets the detector; by default the centre, ((columns-1)/2, (rows-1)/2).

    Raises
    ------
    GeometryError
        If a length is not positive and finite.
    """
    lengths = {
        "row_spacing_mm": row_spacing_mm,
        "column_spacing_mm": column_spacing_mm,
        "source_to_detector_mm": source_to_detector_mm,
    }
    for name, value in lengths.items():
        if not (np.isfinite(value) and value > 0):
            raise GeometryError(f"camera {name} must be a positive length, got {value}")
        if not _MIN_LENGTH_MM <= value <= _MAX_LENGTH_MM:
            raise GeometryError(f"camera {name} must be {_MIN_LENGTH_MM:g} to {_MAX_LENGTH_MM:g} mm, got {value:g}")
    u0, v0 = principal_point_px if principal_point_px is not None else ((columns - 1) / 2, (rows - 1) / 2)
    matrix = np.array(
        [
            [source_to_detector_mm / column_spacing_mm, 0.0, u0],
            [0.0, source_to_detector_mm / row_spacing_mm, v0],
            [0.0, 0.0, 1.0],
        ]
    )
    return Camera(rows, columns, matrix)


def camera_from_intrinsics(rows: int, columns: int, intrinsic_matrix: Any) -> Camera:
    """Return the camera of a 3x3 matrix in pixels: u = fx x/z + cx, v = fy y/z + cy."""
    return Camera(rows, columns, np.array(intrinsic_matrix, dtype=np.float64))


def off_centre_px(camera: Camera) -> float:
    """Return how far the principal point lies from the middle of the picture, in pixels."""
    middle = np.array([(camera.columns - 1) / 2, (camera.rows - 1) / 2])
    return float(np.linalg.norm(camera.intrinsic_matrix[:2, 2] - middle))


def project(camera: Camera, points_camera_mm: Points) -> Float64:
    """Return the pixels (u, v), shape (..., 2), where points (..., 3) in mm in front of the source appear."""
    homogeneous = points_camera_mm @ camera.intrinsic_matrix.T
    return homogeneous[..., :2] / homogeneous[..., 2:]


def ray_directions(camera: Camera) -> Float64:
    """Return the direction of each pixel's ray in the camera frame, scaled to z = 1, shape (rows, columns, 3)."""
    u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
    pixels = np.stack([u, v, np.ones_like(u)], axis=-1).astype(np.float64)
    return pixels @ np.linalg.inv(camera.intrinsic_matrix).T


def _check_intrinsics(matrix: Any) -> Mat33:
    values = np.array(matrix, dtype=np.float64)
    if values.shape != (3, 3):
        raise GeometryError(f"camera intrinsic_matrix must be 3x3, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise GeometryError("camera intrinsic_matrix must be finite, got NaN or infinity")
    if np.abs(values[2] - [0.0, 0.0, 1.0]).max() > 1e-9 or abs(values[1, 0]) > 1e-9:
        raise GeometryError(
            f"camera intrinsic_matrix must be upper triangular with last row [0, 0, 1], got {values.tolist()}"
        )
    if values[0, 0] <= 0 or values[1, 1] <= 0:
        raise GeometryError(f"camera focal lengths must be positive, got fx = {values[0, 0]:g}, fy = {values[1, 1]:g}")
    if np.abs(values).max() > _MAX_INTRINSIC_PX or min(values[0, 0], values[1, 1]) < _MIN_FOCAL_PX:
        raise GeometryError(
            f"camera intrinsic_matrix must have focal lengths of at least {_MIN_FOCAL_PX:g} px and no number beyond "
            f"{_MAX_INTRINSIC_PX:g}, got {values.tolist()}"
        )
    return values
