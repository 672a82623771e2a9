"""The six-parameter residual of a pose against a cached view, in the canonical camera. Lengths in mm, angles in rad.

In the canonical camera of the current pose the object is near (0, 0, nominal range) with a rotation near that of
the nearest atlas view. A residual (dx, dy, dz, dtheta, dalpha, dbeta) says where exactly:

    centre = (dx, dy, (range0 + dz) / s),        rotation = Rz(dtheta) Rx(dalpha) Ry(dbeta) view

with s = range0 / current range. A group of parameters that is not regressed keeps the current pose's own value, so
a pose is never thrown to the grid.

What a residual says of the object in the world is a linear equation for a small motion there. The unknown is a twist
xi = (t, w), shape (6,): the object's centre moves by t and its rotation R becomes exp(w) R, both along the world's
axes. With the canonical camera's axes in the world as the rows of A, the residual changes by

    (dx, dy, dz) = diag(1, 1, s) A t,        (dtheta, dalpha, dbeta) = M^-1 A w

where the columns of M are the axes about which the three angles turn. `residual_change` is that matrix.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import (
    CanonicalPose,
    CanonicalView,
    canonical_homography,
    pose_from_canonical,
)
from fluoropose.geometry.rigid import apply_twist
from fluoropose.geometry.rotation import from_zxy, to_zxy

__all__ = [
    "Equation",
    "Group",
    "RESIDUAL_SCALES",
    "ViewAlignment",
    "ViewParameters",
    "align_view",
    "apply_residual",
    "residual_change",
    "residual_change_twin",
    "residual_from_grid",
    "residual_to_pose",
    "residual_units",
    "view_covariance",
    "view_equation",
    "view_offsets_rad",
]

RESIDUAL_SCALES = (0.02, 0.02, 0.02, 0.05, 0.08, 0.08)
"""One unit of the networks' output: 2 % of the field (x, y), 2 % of the range (z), rad for the angles."""

_FLOOR: Float64 = np.array([0.002, 0.002, 0.005, 0.004, 0.004, 0.004])
"""No view is believed to know more than this: shares of field and range, and rad; what calibrations are good for."""

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


def align_view(
    camera_from_volume: Mat44, camera: Camera, atlas: AbstractAtlas, stay: int | None = None
) -> ViewAlignment:
    """Return warp, nearest view (or one to `stay` with: `AbstractAtlas.locate`) and the pose's own residual, (6,)."""
    pose, index = atlas.locate(camera_from_volume, stay)
    turn = pose.view_rotation @ atlas.rotation(index).T
    own = np.array([0.0, 0.0, 0.0, *to_zxy(turn)])
    return ViewAlignment(pose, canonical_homography(camera, pose, atlas.view), index, atlas.picture_indices(index), own)


def view_offsets_rad(current: ViewAlignment, atlas: AbstractAtlas) -> tuple[float, float]:
    """Return by how much a pose's alpha and beta differ from its view's, rad: where between cached views it lies."""
    alpha, beta = atlas.angles_of(current.view_index)
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


def apply_residual(current: ViewAlignment, residual: Float64, group: Group, atlas: AbstractAtlas) -> Mat44:
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


def residual_to_pose(camera_from_volume: Mat44, current: ViewAlignment, atlas: AbstractAtlas) -> Float64:
    """Return the residual, shape (6,), that `apply_residual` would need to reach a pose: what training teaches."""
    canonical_from_camera = current.pose.camera_from_canonical.T
    rotation = canonical_from_camera @ camera_from_volume[:3, :3]
    offset = camera_from_volume[:3, :3] @ atlas.view.centre_mm + camera_from_volume[:3, 3]
    centre_mm = canonical_from_camera @ offset
    scale = atlas.view.range_mm / current.pose.range_mm
    angles = to_zxy(rotation @ atlas.rotation(current.view_index).T)
    return np.array([centre_mm[0], centre_mm[1], centre_mm[2] * scale - atlas.view.range_mm, *angles])


class ViewParameters:
    """The six parameters of a refinement in one view: the residual; poses are camera_from_volume."""

    def __init__(self, alignment: ViewAlignment, atlas: AbstractAtlas) -> None:
        self.origin = alignment.view_residual
        self.alignment = alignment
        self._atlas = atlas

    def pose_at(self, parameters: Float64) -> Mat44:
        """Return camera_from_volume at a residual."""
        return apply_residual(self.alignment, parameters, Group.ALL, self._atlas)

    def parameters_of(self, pose: Mat44) -> Float64:
        """Return the residual that leads to camera_from_volume."""
        return residual_to_pose(pose, self.alignment, self._atlas)


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """One view's normal equations for a world twist: `information` (6, 6) and `vector` (6,); mm and rad."""

    information: Float64
    vector: Float64


def residual_change(current: ViewAlignment, camera_from_world: Mat44, atlas: AbstractAtlas) -> Float64:
    """Return how a look's residual changes with a world twist, shape (6, 6)."""
    canonical_from_world: Mat33 = current.pose.camera_from_canonical.T @ camera_from_world[:3, :3]
    scale = atlas.view.range_mm / current.pose.range_mm
    change = np.zeros((6, 6))
    change[:3, :3] = np.array([1.0, 1.0, scale])[:, None] * canonical_from_world
    theta, alpha = current.view_residual[3], current.view_residual[4]
    c, s = np.cos(theta), np.sin(theta)
    # Rz(theta) Rx(alpha) Ry(beta): theta turns about z, alpha about Rz x, beta about Rz Rx y.
    axes = np.array([[0.0, c, -s * np.cos(alpha)], [0.0, s, c * np.cos(alpha)], [1.0, 0.0, np.sin(alpha)]])
    change[3:, 3:] = np.linalg.solve(axes, canonical_from_world)
    return change


def residual_change_twin(
    world_from_volume: Mat44, current: ViewAlignment, camera_from_world: Mat44, atlas: AbstractAtlas, step: float = 1e-4
) -> Float64:
    """Return `residual_change` by central differences, shape (6, 6)."""
    columns = []
    for twist in step * np.eye(6):
        ahead, behind = (
            residual_to_pose(
                camera_from_world @ apply_twist(world_from_volume, sign * twist, atlas.view.centre_mm), current, atlas
            )
            for sign in (1.0, -1.0)
        )
        columns.append((ahead - behind) / (2.0 * step))
    return np.stack(columns, axis=1)


def view_covariance(information: Float64, atlas: AbstractAtlas) -> Float64:
    """Return the covariance (6, 6) of a view's residual with this information (6, 6), never less than a floor."""
    view = atlas.view
    units = np.array([view.field_mm, view.field_mm, view.range_mm, 1.0, 1.0, 1.0])
    return np.asarray(np.linalg.inv(information) + np.diag((_FLOOR * units) ** 2))


def view_equation(
    current: ViewAlignment,
    residual: Float64,
    covariance: Float64,
    group: Group,
    camera_from_world: Mat44,
    atlas: AbstractAtlas,
) -> Equation:
    """Return what a view's regressed residual (6,) with its errors' covariance (6, 6) says of the world twist.

    Of the group (x, y, z, theta) the out-of-plane angles are taken as unknown: their part is marginalised. Every other
    group counts in full, since its turn comes once the picture lies right in its plane.
    """
    rows = slice(0, len(group.value)) if group is Group.IN_PLANE_DEPTH else slice(0, 6)
    change = residual_change(current, camera_from_world, atlas)[rows]
    weighted = change.T @ np.linalg.inv(covariance[rows, rows])
    return Equation(weighted @ change, weighted @ (residual - current.view_residual)[rows])
