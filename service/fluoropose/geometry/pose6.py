"""The paper's six parameters (t_x, t_y, t_z, t_theta, t_alpha, t_beta) in mm and degrees.

A point x of the volume (mm) lies in the camera frame at

    R (x - centre) + (t_x, t_y, t_z),    R = Rz(t_theta) Rx(t_alpha) Ry(t_beta) B

with the object's `centre` and the case's base rotation B, which the C-arm is expected to show. t_x, t_y and t_theta
move the image in its plane, t_z is the depth, t_alpha and t_beta turn the object out of the plane.

Source: Miao, Wang, Liao, IEEE TMI 35(5), 2016, section II-B. The paper does not give the order of the rotations. In
ours, t_theta rotates the image of an object on the axis and does nothing else.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44, Vec3
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy, to_zxy

__all__ = ["Pose6Frame", "pose_from_six", "six_from_pose"]


@dataclass(frozen=True, slots=True, eq=False)
class Pose6Frame:
    """The reference of the six parameters: the object's `centre_mm` in the volume and the base rotation B."""

    centre_mm: Vec3
    base_rotation: Mat33


def pose_from_six(six: Float64, frame: Pose6Frame) -> Mat44:
    """Return camera_from_volume of six parameters, shape (6,), in mm and degrees."""
    theta, alpha, beta = np.deg2rad(six[3:])
    rotation = from_zxy(theta, alpha, beta) @ frame.base_rotation
    return rigid(rotation, six[:3] - rotation @ frame.centre_mm)


def six_from_pose(camera_from_volume: Mat44, frame: Pose6Frame) -> Float64:
    """Return the six parameters of a pose, shape (6,): the exact inverse of `pose_from_six` for |t_alpha| < 90."""
    rotation = camera_from_volume[:3, :3]
    centre_camera_mm = rotation @ frame.centre_mm + camera_from_volume[:3, 3]
    angles_deg = np.rad2deg(to_zxy(rotation @ frame.base_rotation.T))
    return np.concatenate([centre_camera_mm, angles_deg])
