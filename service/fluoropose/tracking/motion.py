"""Prediction of an object's pose: constant velocity on SE(3), rotation about the object's centre, limited speeds."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Mat33, Mat44, Vec3
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import from_rotation_vector, to_rotation_vector

__all__ = ["MotionLimits", "Velocity", "estimate_velocity", "extrapolate"]


@dataclass(frozen=True, slots=True)
class MotionLimits:
    """The largest speed that is extrapolated in each parameter, and how far ahead in time.

    Bones in a gait laboratory move at a few hundred mm/s; a faster estimate comes from a wrong pose.
    """

    across_mm_per_s: float = 400.0
    depth_mm_per_s: float = 200.0
    in_plane_deg_per_s: float = 200.0
    out_of_plane_deg_per_s: float = 200.0
    horizon_s: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Velocity:
    """The velocity of an object's centre and its angular velocity, both along the world's axes, shape (3,) each."""

    centre_mm_per_s: Vec3
    turn_rad_per_s: Vec3


def estimate_velocity(
    earlier: Mat44, later: Mat44, seconds: float, centre_mm: Vec3, limits: MotionLimits, axes: Mat33 | None = None
) -> Velocity:
    """Return the limited velocity from one `world_from_volume` to another, `seconds` (> 0) later.

    The limits hold along the camera's axes: `axes` is the rotation of camera_from_world, or None if the world is the
    camera's frame. `centre_mm` is the object's centre in the volume.
    """
    centre = (transform(later, centre_mm) - transform(earlier, centre_mm)) / seconds
    turn = to_rotation_vector(later[:3, :3] @ earlier[:3, :3].T) / seconds
    most = np.array([limits.across_mm_per_s, limits.across_mm_per_s, limits.depth_mm_per_s])
    most_turn = np.deg2rad([limits.out_of_plane_deg_per_s, limits.out_of_plane_deg_per_s, limits.in_plane_deg_per_s])
    return Velocity(_limit(centre, most, axes), _limit(turn, most_turn, axes))


def _limit(vector: Vec3, most: Vec3, axes: Mat33 | None) -> Vec3:
    if axes is None:
        return np.clip(vector, -most, most)
    return axes.T @ np.clip(axes @ vector, -most, most)


def extrapolate(pose: Mat44, velocity: Velocity, seconds: float, centre_mm: Vec3, limits: MotionLimits) -> Mat44:
    """Return `world_from_volume` after `seconds` at constant velocity, at most the limits' horizon ahead."""
    ahead = float(np.clip(seconds, 0.0, limits.horizon_s))
    rotation = from_rotation_vector(velocity.turn_rad_per_s * ahead) @ pose[:3, :3]
    centre = transform(pose, centre_mm) + velocity.centre_mm_per_s * ahead
    return rigid(rotation, centre - rotation @ centre_mm)
