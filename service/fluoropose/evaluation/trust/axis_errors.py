"""Errors of a pose along the axes of its ray, and what was stated for each. Pure; mm and degrees.

The axes are those of the picture at the object: x and y across the ray from the source to the object's true centre,
x as the columns run, and z along the ray. In the plane are the centre's x and y, depth is its z, rotation is the
rotation vector's three parts.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44, Vec3
from fluoropose.geometry.rigid import transform, turn_covariance
from fluoropose.geometry.rotation import to_rotation_vector

__all__ = ["AxisErrors", "axis_errors", "ray_axes", "stated_sigmas"]


@dataclass(frozen=True, slots=True)
class AxisErrors:
    """The offset of the centre along x, y, z, mm, and the rotation vector, degrees; and a pose's stated deviations.

    `sigmas`, six as the errors are ordered, are those of its covariance, None where that is not finite.
    """

    offset_mm: tuple[float, float, float]
    turn_deg: tuple[float, float, float]
    sigmas: tuple[float, float, float, float, float, float] | None


def axis_errors(found: Mat44, truth: Mat44, information: Float64, centre_mm: Vec3) -> AxisErrors:
    """Compare two camera_from_volume; `information` (6, 6) is that of the found pose as a twist in the camera."""
    centre = transform(truth, centre_mm)
    ray_from_camera = ray_axes(centre)
    offset = ray_from_camera @ (transform(found, centre_mm) - centre)
    turn = np.rad2deg(ray_from_camera @ to_rotation_vector(found[:3, :3] @ truth[:3, :3].T))
    return AxisErrors(_three(offset), _three(turn), stated_sigmas(information, ray_from_camera))


def ray_axes(centre_camera_mm: Vec3) -> Mat33:
    """Return the rotation ray_from_camera of the ray to a centre: its rows are the axes x, y, z in the camera."""
    z = centre_camera_mm / np.linalg.norm(centre_camera_mm)
    x = np.cross([0.0, 1.0, 0.0], z)
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def stated_sigmas(
    information: Float64, ray_from_camera: Mat33
) -> tuple[float, float, float, float, float, float] | None:
    """Return the standard deviations along the axes, mm and degrees; None if the information tells none."""
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    variances = np.diag(turn_covariance(covariance, ray_from_camera))
    if not np.isfinite(variances).all() or (variances <= 0.0).any():
        return None
    sigmas = np.sqrt(variances)
    return (*_three(sigmas[:3]), *_three(np.rad2deg(sigmas[3:])))


def _three(values: Float64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
