"""What every kind of geometry is read to: a camera, its place, its distances, and what the reader had to assume. mm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import RIGID_TOLERANCE, rigid
from fluoropose.geometry.rotation import nearest_rotation

__all__ = ["Fields", "ImagingGeometry", "WrittenGeometry", "flip_rows", "physical_geometry", "shift_origin"]

Fields = Mapping[str, Any]
"""The fields of a geometry in JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class ImagingGeometry:
    """A camera, `camera_from_world` (None where nothing says it), and the distance that its spacings belong to.

    `source_to_detector_mm` is None where only ratios are known. `is_first_guess` says that the numbers are those of a
    machine's display and no calibration. `notes` say what was assumed.
    """

    camera: Camera
    camera_from_world: Mat44 | None = None
    source_to_detector_mm: float | None = None
    is_first_guess: bool = False
    notes: tuple[str, ...] = ()

    def require_place(self, kind: str) -> Mat44:
        """Return camera_from_world, or raise GeometryError because `kind` needs it."""
        if self.camera_from_world is None:
            raise GeometryError(f"expected camera_from_world for {kind}, got a geometry without a place in a world")
        return self.camera_from_world

    def require_distance(self, kind: str) -> float:
        """Return source_to_detector_mm, or raise GeometryError because `kind` needs it."""
        if self.source_to_detector_mm is None:
            raise GeometryError(
                f"expected source_to_detector_mm beside the geometry for {kind}: a matrix in pixels says no lengths"
            )
        return self.source_to_detector_mm


@dataclass(frozen=True, slots=True, eq=False)
class WrittenGeometry:
    """A geometry as another program writes it: its fields, and in words what that kind could not hold."""

    fields: dict[str, Any]
    losses: tuple[str, ...] = ()


def flip_rows(intrinsic_matrix: Float64, rows: int) -> Mat33:
    """Return the matrix of a picture whose rows are counted from the other end."""
    flip = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, rows - 1.0], [0.0, 0.0, 1.0]])
    return flip @ intrinsic_matrix


def shift_origin(intrinsic_matrix: Float64, shift_px: float) -> Mat33:
    """Return the matrix after a shift of both pixel coordinates: -0.5 from a pixel's corner to its centre."""
    shifted = intrinsic_matrix.copy()
    shifted[:2] += shift_px * intrinsic_matrix[2]
    return shifted


def physical_geometry(intrinsic_matrix: Float64, rotation: Float64, translation: Float64) -> tuple[Mat33, Mat44]:
    """Return an intrinsic matrix with positive focal lengths, and camera_from_world in this package's axes.

    Parameters
    ----------
    intrinsic_matrix : (3, 3), last row (0, 0, 1); a focal length may be negative
    rotation, translation : what takes the world to that camera, x -> rotation x + translation; the rotation may mirror

    Notes
    -----
    u = (fx x + cx z) / z stays the same if an axis of the camera is turned round and its focal length changes its sign.
    Of all choices of axes only one has positive focal lengths and no mirror: with the sign of fx and of fy and with the
    determinant of the rotation, it says whether the beam runs along +z or -z. So signs lose nothing.

    Raises
    ------
    GeometryError
        If a focal length is 0 or the rotation is not orthonormal.
    """
    fx, fy = float(intrinsic_matrix[0, 0]), float(intrinsic_matrix[1, 1])
    if fx == 0.0 or fy == 0.0:
        raise GeometryError(f"camera focal lengths must not be 0, got fx = {fx:g}, fy = {fy:g}")
    deviation = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    if not deviation <= RIGID_TOLERANCE:
        raise GeometryError(f"rotation must be orthonormal to {RIGID_TOLERANCE:g}, got a deviation of {deviation:.3g}")
    handedness = np.sign(np.linalg.det(rotation))
    forward = handedness * np.sign(fx) * np.sign(fy)
    axes = np.array([np.sign(fx) * forward, np.sign(fy) * forward, forward])
    matrix = forward * intrinsic_matrix * axes
    return matrix, rigid(nearest_rotation(axes[:, None] * rotation), axes * translation)
