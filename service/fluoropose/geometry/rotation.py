"""Rotations as 3x3 matrices that act on column vectors. Angles in rad, positive right-handed about the axis."""

from math import asin, atan2, cos, hypot, sin, sqrt

import numpy as np

from fluoropose.arrays import Mat33, Vec3

__all__ = [
    "about_x",
    "about_y",
    "about_z",
    "angle_between",
    "from_rotation_vector",
    "from_zxy",
    "nearest_rotation",
    "ray_axes",
    "smallest_rotation",
    "to_rotation_vector",
    "to_zxy",
]

_PARALLEL = 1e-12
"""Two directions with a smaller sine between them count as parallel: far less than a millionth of a pixel."""


def about_x(angle_rad: float) -> Mat33:
    """Return the rotation by `angle_rad` about +x, from y towards z."""
    c, s = cos(angle_rad), sin(angle_rad)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def about_y(angle_rad: float) -> Mat33:
    """Return the rotation by `angle_rad` about +y, from z towards x."""
    c, s = cos(angle_rad), sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def about_z(angle_rad: float) -> Mat33:
    """Return the rotation by `angle_rad` about +z, from x towards y."""
    c, s = cos(angle_rad), sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def from_zxy(theta_rad: float, alpha_rad: float, beta_rad: float) -> Mat33:
    """Return Rz(theta) Rx(alpha) Ry(beta), written out: the out-of-plane rotations act first, the in-plane one last."""
    ct, st, ca, sa, cb, sb = (
        cos(theta_rad), sin(theta_rad), cos(alpha_rad), sin(alpha_rad), cos(beta_rad), sin(beta_rad),
    )  # fmt: skip
    return np.array(
        [
            [ct * cb - st * sa * sb, -st * ca, ct * sb + st * sa * cb],
            [st * cb + ct * sa * sb, ct * ca, st * sb - ct * sa * cb],
            [-ca * sb, sa, ca * cb],
        ]
    )


def to_zxy(rotation: Mat33) -> tuple[float, float, float]:
    """Return (theta, alpha, beta) in rad with Rz(theta) Rx(alpha) Ry(beta) equal to `rotation`.

    This is the exact inverse of `from_zxy` for alpha in (-90 deg, 90 deg). At +-90 deg theta and beta turn about the
    same axis; beta is then 0 and theta the whole angle.
    """
    (xx, xy, _), (yx, yy, _), (zx, zy, zz) = rotation.tolist()
    alpha = asin(min(max(zy, -1.0), 1.0))
    if hypot(xy, yy) < _PARALLEL:
        return atan2(yx, xx), alpha, 0.0
    return atan2(-xy, yy), alpha, atan2(-zx, zz)


def from_rotation_vector(vector_rad: Vec3) -> Mat33:
    """Return the rotation about the axis `vector_rad` by its length in rad (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector_rad))
    x, y, z = vector_rad
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sinc(angle / np.pi) * cross + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * (cross @ cross)


def to_rotation_vector(rotation: Mat33) -> Vec3:
    """Return the axis times the angle in rad: the inverse of `from_rotation_vector` below 180 deg."""
    axis_sin = 0.5 * np.array(
        [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
    )
    sin_angle = float(np.linalg.norm(axis_sin))
    angle = float(np.arctan2(sin_angle, 0.5 * (np.trace(rotation) - 1.0)))
    if sin_angle > 1e-7:
        return axis_sin * (angle / sin_angle)
    if angle < 1.0:
        return axis_sin
    # At 180 deg (R + 1) / 2 is the axis's outer product with itself; the column of the largest diagonal entry is safe.
    outer = 0.5 * (rotation + np.eye(3))
    column = int(np.argmax(np.diag(outer)))
    return outer[:, column] / np.sqrt(outer[column, column]) * angle


def angle_between(first: Mat33, second: Mat33) -> float:
    """Return the angle in rad of the rotation that takes `first` to `second` (geodesic distance on SO(3))."""
    return float(np.linalg.norm(to_rotation_vector(first @ second.T)))


def smallest_rotation(direction: Vec3) -> Mat33:
    """Return the rotation by the smallest angle that takes +z to `direction`, which may have any length but 0.

    Along -z, where every axis across z will do, the rotation is about +x.
    """
    x, y, z = direction.tolist()
    length = sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    if hypot(x, y) < _PARALLEL:
        return np.eye(3) if z > 0 else about_x(np.pi)
    # Rodrigues' formula about (-y, x, 0). 1 / (1 + z) equals (1 - z) / (x^2 + y^2) and does not cancel where z > 0.
    rest = 1.0 / (1.0 + z) if z > 0.0 else (1.0 - z) / (x * x + y * y)
    return np.array([[1.0 - rest * x * x, -rest * x * y, x], [-rest * x * y, 1.0 - rest * y * y, y], [-x, -y, z]])


def nearest_rotation(matrix: Mat33) -> Mat33:
    """Return the rotation nearest to `matrix` in the Frobenius norm (by singular values; Kabsch 1976)."""
    u, _, vt = np.linalg.svd(matrix)
    return u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt


def ray_axes(centre_camera_mm: Vec3) -> Mat33:
    """Return the rotation ray_from_camera of the ray to a place: its rows are x, y across it and z along it."""
    z = centre_camera_mm / np.linalg.norm(centre_camera_mm)
    x = np.array([z[2], 0.0, -z[0]])  # y x z
    x = x / np.linalg.norm(x)
    y = [z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]]
    return np.stack([x, y, z])
