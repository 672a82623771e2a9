"""What one view's residual says of the object in the world: a linear equation for a small motion. mm and rad.

The unknown is a twist xi = (t, w), shape (6,): the object's centre moves by t and its rotation R becomes exp(w) R, both
along the world's axes. With the canonical camera's axes in the world as the rows of A, the residual of `regression.residual`
changes by

    (dx, dy, dz) = diag(1, 1, s) A t,        (dtheta, dalpha, dbeta) = M^-1 A w

where s = nominal range / range and the columns of M are the axes about which the three angles turn. `residual_change`
is that matrix; `residual_change_twin` is the slow, clear twin, by differences of `residual_to_pose`.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat33, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.registration.regression.residual import Group, ViewAlignment, residual_to_pose

__all__ = ["Equation", "apply_twist", "residual_change", "residual_change_twin", "view_covariance", "view_equation"]


_FLOOR: Float64 = np.array([0.002, 0.002, 0.005, 0.004, 0.004, 0.004])
"""No view is believed to know more than this: shares of field and range, and rad; what calibrations are good for."""


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """One view's normal equations for a world twist: `information` (6, 6) and `vector` (6,); mm and rad."""

    information: Float64
    vector: Float64


def residual_change(current: ViewAlignment, camera_from_world: Mat44, atlas: Atlas) -> Float64:
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
    world_from_volume: Mat44, current: ViewAlignment, camera_from_world: Mat44, atlas: Atlas, step: float = 1e-4
) -> Float64:
    """Return `residual_change` by central differences, shape (6, 6)."""
    columns = []
    for twist in step * np.eye(6):
        ahead, behind = (
            residual_to_pose(camera_from_world @ apply_twist(world_from_volume, sign * twist, atlas), current, atlas)
            for sign in (1.0, -1.0)
        )
        columns.append((ahead - behind) / (2.0 * step))
    return np.stack(columns, axis=1)


def apply_twist(world_from_volume: Mat44, twist: Float64, atlas: Atlas) -> Mat44:
    """Return world_from_volume after a world twist (t mm, w rad) about the object's centre."""
    rotation = from_rotation_vector(twist[3:]) @ world_from_volume[:3, :3]
    centre = transform(world_from_volume, atlas.view.centre_mm) + twist[:3]
    return rigid(rotation, centre - rotation @ atlas.view.centre_mm)


def view_covariance(information: Float64, atlas: Atlas) -> Float64:
    """Return what a view's residual with this information (6, 6) is believed to be wrong by: never less than a floor."""
    view = atlas.view
    units = np.array([view.field_mm, view.field_mm, view.range_mm, 1.0, 1.0, 1.0])
    return np.asarray(np.linalg.inv(information) + np.diag((_FLOOR * units) ** 2))


def view_equation(
    current: ViewAlignment,
    residual: Float64,
    covariance: Float64,
    group: Group,
    camera_from_world: Mat44,
    atlas: Atlas,
) -> Equation:
    """Return what a view's regressed residual (6,) with its errors' covariance (6, 6) says of the world twist.

    Of the group (x, y, z, theta) the out-of-plane angles are taken as unknown: their part is marginalised. Every other
    group counts in full, since its turn comes once the picture lies right in its plane.
    """
    rows = slice(0, len(group.value)) if group is Group.IN_PLANE_DEPTH else slice(0, 6)
    change = residual_change(current, camera_from_world, atlas)[rows]
    weighted = change.T @ np.linalg.inv(covariance[rows, rows])
    return Equation(weighted @ change, weighted @ (residual - current.view_residual)[rows])
