"""How well a camera is calibrated: one standard deviation of its focal lengths and of its principal point.

A pose that is found with a camera that is wrong by so much is wrong too, however sharp the frame: with a focal length
too long by 1 % an object lies 1 % too far, with a principal point a pixel off it lies a pixel aside and is turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat44, Vec3
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import transform, turn_covariance

__all__ = ["ASSUMED_TOLERANCE", "CameraTolerance", "EXACT", "fused_covariance", "tolerance_covariance"]

_MOST_FOCAL_PERCENT, _MOST_PRINCIPAL_POINT_PX = 50.0, 4096.0
"""More than this is no tolerance of a calibration."""


@dataclass(frozen=True, slots=True)
class CameraTolerance:
    """One standard deviation of a calibration: of both focal lengths in per cent, of the principal point in pixels.

    Raises
    ------
    GeometryError
        If a number is negative, not finite, or larger than any calibration's.
    """

    focal_percent: float = 0.0
    principal_point_px: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        limits = {"focal_percent": _MOST_FOCAL_PERCENT, "principal_point_px": _MOST_PRINCIPAL_POINT_PX}
        for name, most in limits.items():
            value = getattr(self, name)
            if not (np.isfinite(value) and 0.0 <= value <= most):
                raise GeometryError(f"camera tolerance {name} must be 0 to {most:g}, got {value}")


EXACT = CameraTolerance()

ASSUMED_TOLERANCE = CameraTolerance(0.5, 2.0)
"""Of a camera of which nobody said how well it is calibrated."""

_LEAST_MM, _LEAST_RAD = 0.01, 1e-4
"""What several cameras together leave unknown is no less in any direction; so every covariance can be inverted."""


def tolerance_covariance(
    tolerance: CameraTolerance, camera: Camera, camera_from_volume: Mat44, centre_mm: Vec3
) -> Float64:
    """Return the covariance (6, 6) of a pose's error that comes from a camera's tolerance, along the camera's axes.

    It is that of a twist about the object's centre (`centre_mm` in the volume): x, y, z in mm, rotation vector in rad.
    """
    depth_mm = float(transform(camera_from_volume, centre_mm)[2])
    per_px = 1.0 / np.array([camera.intrinsic_matrix[0, 0], camera.intrinsic_matrix[1, 1]])
    effects = np.zeros((6, 3))
    effects[2, 0] = 0.01 * tolerance.focal_percent * depth_mm
    # A ray that is turned to the right, about y, takes the object and the side that it shows along.
    effects[0, 1] = depth_mm * per_px[0] * tolerance.principal_point_px
    effects[4, 1] = per_px[0] * tolerance.principal_point_px
    effects[1, 2] = depth_mm * per_px[1] * tolerance.principal_point_px
    effects[3, 2] = -per_px[1] * tolerance.principal_point_px
    return np.asarray(effects @ effects.T)


def fused_covariance(covariances: Sequence[Float64], camera_from_worlds: Sequence[Mat44]) -> Float64:
    """Return what the tolerances of cameras leave unknown of a pose together, (6, 6), along the world's axes."""
    if len(covariances) == 1:
        return _in_world(covariances[0], camera_from_worlds[0])
    least = np.diag([_LEAST_MM**2] * 3 + [_LEAST_RAD**2] * 3)
    information = sum(
        np.linalg.inv(_in_world(covariance, place) + least)
        for covariance, place in zip(covariances, camera_from_worlds, strict=True)
    )
    return np.asarray(np.linalg.inv(information))


def _in_world(covariance: Float64, camera_from_world: Mat44) -> Float64:
    return turn_covariance(covariance, camera_from_world[:3, :3].T)
