"""Errors of a pose along the axes of its ray and of the camera, and what was stated for each. Pure; mm and degrees.

The ray's axes are those of the picture at the object: x and y across the ray from the source to the object's true
centre, x as the columns run, and z along the ray. Stated numbers are along the camera's axes, which differ as far as
the object lies beside the camera's own axis. In the plane are the centre's x and y, depth is its z, rotation is the
rotation vector's three parts.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44, Vec3
from fluoropose.geometry.rigid import transform, turn_covariance
from fluoropose.geometry.rotation import ray_axes, to_rotation_vector

__all__ = ["AxisErrors", "axis_errors", "raw_sigmas"]


@dataclass(frozen=True, slots=True)
class AxisErrors:
    """The offset of the centre along x, y, z, mm, and the rotation vector, degrees; and the deviations of a covariance.

    `offset_mm`, `turn_deg` and `sigmas`, six as the errors are ordered (None where they are not finite), are along the
    ray's axes. `camera_errors` are offset and rotation vector along the camera's.
    """

    offset_mm: tuple[float, float, float]
    turn_deg: tuple[float, float, float]
    sigmas: tuple[float, float, float, float, float, float] | None
    camera_errors: tuple[float, float, float, float, float, float]


def axis_errors(found: Mat44, truth: Mat44, covariance: Float64, centre_mm: Vec3) -> AxisErrors:
    """Compare two camera_from_volume; `covariance` (6, 6) is that of the found pose as a twist in the camera."""
    centre = transform(truth, centre_mm)
    ray_from_camera = ray_axes(centre)
    offset = transform(found, centre_mm) - centre
    turn = np.rad2deg(to_rotation_vector(found[:3, :3] @ truth[:3, :3].T))
    return AxisErrors(
        _three(ray_from_camera @ offset),
        _three(ray_from_camera @ turn),
        raw_sigmas(covariance, ray_from_camera),
        (*_three(offset), *_three(turn)),
    )


def raw_sigmas(covariance: Float64, ray_from_camera: Mat33) -> tuple[float, float, float, float, float, float] | None:
    """Return the standard deviations along the axes, mm and degrees; None where the covariance is none."""
    variances = np.diag(turn_covariance(covariance, ray_from_camera))
    if not np.isfinite(variances).all() or (variances <= 0.0).any():
        return None
    sigmas = np.sqrt(variances)
    return (*_three(sigmas[:3]), *_three(np.rad2deg(sigmas[3:])))


def _three(values: Float64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
