"""The six-parameter residual of a pose against a cached view, in the canonical camera. Lengths in mm, angles in rad.

In the canonical camera of the current pose the object is near (0, 0, nominal range) with a rotation near that of
the nearest atlas view. A residual (dx, dy, dz, dtheta, dalpha, dbeta) says where exactly:

    centre = (dx, dy, (range0 + dz) / s),        rotation = Rz(dtheta) Rx(dalpha) Ry(dbeta) view

with s = range0 / current range. A group of parameters that is not regressed keeps the current pose's own value, so
a pose is never thrown to the grid.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import (
    CanonicalPose,
    CanonicalView,
    canonical_homography,
    canonical_pose,
    pose_from_canonical,
    view_rotation,
)
from fluoropose.geometry.rotation import from_zxy, to_zxy

__all__ = [
    "Group",
    "RESIDUAL_SCALES",
    "ViewAlignment",
    "align_view",
    "apply_residual",
    "residual_from_grid",
    "residual_to_pose",
    "residual_units",
    "view_offsets_rad",
]

RESIDUAL_SCALES = (0.02, 0.02, 0.02, 0.05, 0.08, 0.08)
"""One unit of the networks' output: 2 % of the field (x, y), 2 % of the range (z), rad for the angles."""

_NEAREST = 0.2
"""A step may shrink or stretch the range by at most this share: beyond it the regressors know nothing."""


class Group(Enum):
    """The groups of the hierarchy, as the indices into the residual that each sets."""

    IN_PLANE_DEPTH = (0, 1, 2, 3)
    OUT_OF_PLANE = (4, 5)
    ALL = (0, 1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, eq=False)
class ViewAlignment:
    """How the current pose looks at the frame: its warp, the cached view and its own residual against that view.

    `view_indices` are the pictures of the atlas that it needs (`Atlas.picture_indices`).
    """

    pose: CanonicalPose
    frame_from_canonical_px: Mat33
    view_index: int
    view_indices: tuple[int, ...]
    view_residual: Float64


def residual_units(view: CanonicalView) -> Float64:
    """Return what one unit of each of the six is in mm and rad, (6,)."""
    return np.array(RESIDUAL_SCALES) * [view.field_mm, view.field_mm, view.range_mm, 1.0, 1.0, 1.0]


def align_view(camera_from_volume: Mat44, camera: Camera, atlas: Atlas, stay: int | None = None) -> ViewAlignment:
    """Return warp, nearest view (or one to `stay` with: `AtlasGrid.nearest`) and the pose's own residual, (6,)."""
    pose = canonical_pose(camera_from_volume, atlas.view)
    index = atlas.grid.nearest_view(pose.alpha_rad, pose.beta_rad, stay)
    turn = view_rotation(pose.alpha_rad, pose.beta_rad, atlas.view) @ atlas.rotation(index).T
    own = np.array([0.0, 0.0, 0.0, *to_zxy(turn)])
    return ViewAlignment(pose, canonical_homography(camera, pose, atlas.view), index, atlas.picture_indices(index), own)


def view_offsets_rad(current: ViewAlignment, atlas: Atlas) -> tuple[float, float]:
    """Return by how much a pose's alpha and beta differ from its view's, rad: where between cached views it lies."""
    alpha, beta = atlas.grid.angles_of(current.view_index)
    return current.pose.alpha_rad - alpha, current.pose.beta_rad - beta


def residual_from_grid(current: ViewAlignment) -> Float64:
    """Return what takes information that counts in the grid's angles to a residual's, (6, 6), to first order.

    With (x, y, z, theta, alpha, beta) of the grid p and a residual's r, information I_r = M I_p M^T and vector
    v_r = M v_p. The grid's beta turns the object before its alpha does, a residual's after it: a step of the grid's
    beta is cos(alpha) of a residual's, and sin(alpha) of its theta.
    """
    matrix = np.eye(6)
    matrix[5, 3], matrix[5, 5] = -np.tan(current.pose.alpha_rad), 1.0 / np.cos(current.pose.alpha_rad)
    return matrix


def apply_residual(current: ViewAlignment, residual: Float64, group: Group, atlas: Atlas) -> Mat44:
    """Return camera_from_volume after setting the group's parameters of the residual, shape (6,), mm and rad."""
    chosen = list(group.value)
    merged = current.view_residual.copy()
    merged[chosen] = residual[chosen]
    limit = _NEAREST * atlas.view.range_mm
    depth_mm = atlas.view.range_mm + min(max(float(merged[2]), -limit), limit)
    scale = atlas.view.range_mm / current.pose.range_mm
    centre_mm = np.array([merged[0], merged[1], depth_mm / scale])
    rotation = from_zxy(*merged[3:]) @ atlas.rotation(current.view_index)
    return pose_from_canonical(current.pose.camera_from_canonical, rotation, centre_mm, atlas.view)


def residual_to_pose(camera_from_volume: Mat44, current: ViewAlignment, atlas: Atlas) -> Float64:
    """Return the residual, shape (6,), that `apply_residual` would need to reach a pose: what training teaches."""
    canonical_from_camera = current.pose.camera_from_canonical.T
    rotation = canonical_from_camera @ camera_from_volume[:3, :3]
    offset = camera_from_volume[:3, :3] @ atlas.view.centre_mm + camera_from_volume[:3, 3]
    centre_mm = canonical_from_camera @ offset
    scale = atlas.view.range_mm / current.pose.range_mm
    angles = to_zxy(rotation @ atlas.rotation(current.view_index).T)
    return np.array([centre_mm[0], centre_mm[1], centre_mm[2] * scale - atlas.view.range_mm, *angles])
