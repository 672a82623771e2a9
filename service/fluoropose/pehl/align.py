"""The last stage: the pose that the networks found is aligned by the edges themselves. Nothing in it is learnt.

From every start the networks come to the same place in a frame, but not quite to the right one: what they believe of a
crossing bone, or of metal hardened by the beam, is the same each time. Gradient correlation leaves another, smaller
error. So the networks bring the pose near, and Gauss-Newton steps on `pehl.edges` finish it, with what the networks
believe as a weak prior. Lengths in mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rotation import about_z
from fluoropose.pehl.edges import Turn, edge_equations
from fluoropose.pehl.hierarchy import Finding, moved_between
from fluoropose.pehl.residual import Group, Look, apply_residual, look, residual_of
from fluoropose.pehl.step import Regression, solved

__all__ = ["EDGE_SETTLED", "EDGE_STEPS", "EdgeLook", "FLOOR", "PRESENT", "aligned", "edge_look"]

EDGE_STEPS = 12
"""Most steps; from where the networks end on simulated frames two do, on real ones up to ten."""

EDGE_SETTLED = 1.0
"""A step that changes the pose by less than this, in expected errors, is the last: the next would be a fifth of it."""

_SHARE = 1.0 / 8.0
"""Information of the edges over that of independent pixels: neighbours err together. Squared errors on simulated frames
(180 poses, seeds 10 to 12) are as much larger."""

_BELIEF = 0.03
"""How much the networks' information counts beside that of the edges."""

PRESENT = 0.1
"""With less presence than this there is nothing to align."""


FLOOR = 0.1
"""Where the fitted floor of scatter starts from: a middling one."""

_FLOOR_SPREAD = 1.0
"""Standard deviation of the floor's logarithm about that of `FLOOR`."""

_FLOORS = (0.003, 1.0)
_FLOOR_STEP = 1.0
"""The floor stays within `_FLOORS` and changes in one step by at most a factor of e."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeLook:
    """One look at the edges: what they and the networks together say of the residual (`seen`, batch of one).

    `agreement` is that of the edges, `floor` the one to look with next.
    """

    seen: Regression
    agreement: float
    floor: float


def edge_look(frame: Float32, current: Look, finding: Finding, atlas: Atlas, floor: float) -> EdgeLook:
    """Look at a frame (rows, columns) of line integrals; `finding` is where the networks ended."""
    information, vector, agreement = _edges(frame, current, atlas, floor)
    own, belief = current.own_residual, _BELIEF * finding.regression.information[0]
    # The floor is no part of the answer: what the edges say of the pose is what they say whatever it may be.
    tied = information[:6, 6] / information[6, 6]
    edges = information[:6, :6] - np.outer(tied, information[6, :6])
    asked = vector[:6] - tied * vector[6] + edges @ own
    asked = asked + belief @ residual_of(finding.camera_from_volume, current, atlas)
    seen = solved((edges + belief)[None], asked[None], finding.regression.presence)
    change = (vector[6] - information[6, :6] @ (seen.residuals[0] - own)) / information[6, 6]
    changed = floor * float(np.exp(np.clip(change, -_FLOOR_STEP, _FLOOR_STEP)))
    return EdgeLook(seen, agreement, min(max(changed, _FLOORS[0]), _FLOORS[1]))


def aligned(frame: Float32, camera: Camera, finding: Finding, atlas: Atlas) -> Finding:
    """Return a finding whose pose is aligned by the edges of the frame (rows, columns) of line integrals.

    Its regression is that of edges and networks together, with the networks' presence. Where the edges agree less with
    the aligned pose than with the one before, or nothing is to be seen, the finding is returned as it is.
    """
    if finding.regression.presence[0] < PRESENT:
        return finding
    pose, floor = finding.camera_from_volume, FLOOR
    agreements = []
    for _ in range(EDGE_STEPS):
        current = look(pose, camera, atlas)
        edges = edge_look(frame, current, finding, atlas, floor)
        agreements.append(edges.agreement)
        floor, residual = edges.floor, edges.seen.residuals[0]
        change = residual - current.own_residual
        before, pose = pose, apply_residual(current, residual, Group.ALL, atlas)
        if change @ edges.seen.information[0] @ change < EDGE_SETTLED**2:
            break
    if agreements[-1] < agreements[0]:
        return finding
    moved = moved_between(before, pose, atlas.view.centre_mm)
    return replace(finding, camera_from_volume=pose, regression=edges.seen, moved=moved)


def _edges(frame: Float32, current: Look, atlas: Atlas, floor: float) -> tuple[Float64, Float64, float]:
    """Return the edges' information (7, 7), vector (7,), with what is known of the floor, and their agreement."""
    theta, alpha, beta = current.own_residual[3:]
    step_rad, view = float(np.deg2rad(atlas.grid.step_deg)), atlas.view
    turn = Turn(alpha / step_rad, beta / step_rad, step_rad, view.field_mm / view.size_px, view.range_mm)
    views = np.asarray(atlas.views[list(atlas.grid.neighbours(current.view_index))], np.float32)
    found = edge_equations(frame, _turned(current.frame_from_canonical_px, theta, view.size_px), views, turn, floor)
    # The frame was turned by the pose's own theta so that no turn is left: offsets in the plane turn back with it.
    back = np.eye(7)
    back[:2, :2] = about_z(theta)[:2, :2]
    information, vector = _SHARE * back @ found.information @ back.T, _SHARE * back @ found.vector
    information[6, 6] += _FLOOR_SPREAD**-2.0
    vector[6] += _FLOOR_SPREAD**-2.0 * np.log(FLOOR / floor)
    return information, vector, found.agreement


def _turned(frame_from_canonical_px: Mat33, theta_rad: float, size_px: int) -> Mat33:
    """Return a look's homography with the canonical picture turned about its middle."""
    middle = (size_px - 1) / 2
    to_middle = np.array([[1.0, 0.0, middle], [0.0, 1.0, middle], [0.0, 0.0, 1.0]])
    from_middle = np.array([[1.0, 0.0, -middle], [0.0, 1.0, -middle], [0.0, 0.0, 1.0]])
    return frame_from_canonical_px @ to_middle @ about_z(theta_rad) @ from_middle
