"""Rigid transforms: 4x4 float64 matrices named target_from_source. Lengths in mm."""

from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44, Points, Vec3
from fluoropose.errors import GeometryError
from fluoropose.geometry.rotation import from_rotation_vector, nearest_rotation

__all__ = [
    "MAX_TRANSLATION_MM",
    "RIGID_TOLERANCE",
    "apply_twist",
    "check_rigid",
    "exp",
    "inverse",
    "rigid",
    "transform",
    "turn_covariance",
]

RIGID_TOLERANCE = 1e-4
"""The largest allowed entry of R^T R - 1: a pose that is rounded to four decimals reaches it."""

MAX_TRANSLATION_MM = 1e6
"""The farthest that a pose may move: a kilometre. Products of larger numbers leave the numbers' range."""


def rigid(rotation: Mat33, translation_mm: Vec3) -> Mat44:
    """Return the 4x4 transform x -> rotation x + translation_mm."""
    target_from_source = np.eye(4)
    target_from_source[:3, :3] = rotation
    target_from_source[:3, 3] = translation_mm
    return target_from_source


def inverse(target_from_source: Mat44) -> Mat44:
    """Return source_from_target, the inverse of a rigid transform."""
    rotation = target_from_source[:3, :3].T
    return rigid(rotation, -rotation @ target_from_source[:3, 3])


def transform(target_from_source: Mat44, points_source_mm: Points) -> Points:
    """Return points, shape (..., 3) in mm, in the target frame."""
    return points_source_mm @ target_from_source[:3, :3].T + target_from_source[:3, 3]


def check_rigid(matrix: Any, name: str) -> Mat44:
    """Return `matrix` as a rigid float64 4x4 with an orthonormal rotation; `name` is used in messages.

    Raises
    ------
    GeometryError
        If `matrix` is not 4x4, not finite, mirrored, or further than `RIGID_TOLERANCE` from rigid.
    """
    try:
        values = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise GeometryError(f"{name} must be a 4x4 matrix of numbers, got {_short(matrix)}") from error
    if values.shape != (4, 4):
        raise GeometryError(f"{name} must be a 4x4 matrix, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise GeometryError(f"{name} must be finite, got {values[~np.isfinite(values)][0]}")
    if np.abs(values).max() > MAX_TRANSLATION_MM:
        raise GeometryError(f"{name} must be within {MAX_TRANSLATION_MM:g} mm, got {np.abs(values).max():g}")
    if np.abs(values[3] - [0.0, 0.0, 0.0, 1.0]).max() > RIGID_TOLERANCE:
        raise GeometryError(f"{name} must end in the row [0, 0, 0, 1], got {values[3].tolist()}")
    rotation = values[:3, :3]
    deviation = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    if deviation > RIGID_TOLERANCE:
        raise GeometryError(
            f"{name} must be rigid: expected R^T R = 1 to {RIGID_TOLERANCE:g}, got a deviation of {deviation:.3g}"
        )
    if np.linalg.det(rotation) < 0:
        raise GeometryError(f"{name} must not mirror: expected det R = +1, got -1")
    return rigid(nearest_rotation(rotation), values[:3, 3])


def exp(twist: Any) -> Mat44:
    """Return the rigid transform of a twist, shape (6,): the rotation vector in rad, then the translation part in mm.

    This is the exponential map of SE(3).
    """
    omega, rho = np.asarray(twist[:3], dtype=np.float64), np.asarray(twist[3:], dtype=np.float64)
    return rigid(from_rotation_vector(omega), _left_jacobian(omega) @ rho)


def _left_jacobian(omega: Vec3) -> Mat33:
    """Return the left Jacobian of SO(3) (Barfoot, State Estimation for Robotics, 2017, eq. 7.37)."""
    angle = float(np.linalg.norm(omega))
    x, y, z = omega
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if angle < 1e-5:
        return np.eye(3) + 0.5 * cross + cross @ cross / 6.0
    return np.eye(3) + (1.0 - np.cos(angle)) / angle**2 * cross + (angle - np.sin(angle)) / angle**3 * (cross @ cross)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def apply_twist(target_from_body: Mat44, twist: Float64, centre_mm: Vec3) -> Mat44:
    """Return a body's pose after a twist (6,): its centre moves by three mm, then it turns by a rotation vector in rad.

    `centre_mm` is in the body's frame; the twist is along the target's axes.
    """
    rotation = from_rotation_vector(twist[3:]) @ target_from_body[:3, :3]
    centre = transform(target_from_body, centre_mm) + twist[:3]
    return rigid(rotation, centre - rotation @ centre_mm)


def turn_covariance(covariance: Float64, target_from_source: Mat33) -> Float64:
    """Return the covariance (6, 6) of a twist, three lengths then a rotation vector, along the axes of another frame.

    `covariance` is along the source's axes and about the same point; `target_from_source` (3, 3) turns the axes.
    """
    turn = np.zeros((6, 6))
    turn[:3, :3] = turn[3:, 3:] = target_from_source
    return np.asarray(turn @ covariance @ turn.T)
