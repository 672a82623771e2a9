"""The last stage: the pose that the networks found is aligned by the edges themselves. Nothing in it is learnt.

From every start the networks come to the same place in a frame, but not quite to the right one: what they believe of a
crossing bone, or of metal hardened by the beam, is the same each time. Gradient correlation leaves another, smaller
error. So the networks bring the pose near, and Gauss-Newton steps on `costs.edges` finish it, with what the networks
believe as a weak prior. Where little of what a window shows is the object, `refinement.clutter` goes on from there. Lengths in
mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.registration.refinement.costs.edges import Turn, edge_equations
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    align_view,
    apply_residual,
    residual_from_grid,
    residual_to_pose,
    view_offsets_rad,
)
from fluoropose.registration.regression.schedule import PoseEstimate, motion_between
from fluoropose.registration.regression.step import Regression, solved

__all__ = [
    "EDGE_SETTLED",
    "EDGE_STEPS",
    "EdgeLook",
    "FLOOR",
    "PRESENT",
    "aligned",
    "aligned_with_look",
    "edge_look",
    "stepped",
    "with_belief",
]

EDGE_STEPS = 12
"""Most steps; from where the networks end on simulated frames two do, on real ones up to ten."""

EDGE_SETTLED = 1.0
"""A step that changes the pose by less than this, in expected errors, is the last: the next would be a fifth of it."""

_SHARE = 1.0 / 8.0
"""Information of the edges over that of independent pixels: neighbours err together. Squared errors are 0.3 to 0.6
times what it says on simulated frames (180 poses an object, seeds 10 to 12), up to 2.8 times on real ones (wrist)."""

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

    `current` is how it was looked, `agreement` that of the edges, `overall` that of the whole window, `floor` the one
    to look with next.
    """

    current: ViewAlignment
    seen: Regression
    agreement: float
    overall: float
    floor: float


def edge_look(frame: Float32, current: ViewAlignment, finding: PoseEstimate, atlas: Atlas, floor: float) -> EdgeLook:
    """Look at a frame (rows, columns) of line integrals; `finding` is where the networks ended."""
    views = atlas.line_integrals(*atlas.grid.neighbours(current.view_index))
    found = edge_equations(frame, current.frame_from_canonical_px, views, _turn(current, atlas), floor)
    back = np.eye(7)
    back[:6, :6] = residual_from_grid(current)
    information, vector = _SHARE * back @ found.information @ back.T, _SHARE * back @ found.vector
    information[6, 6] += _FLOOR_SPREAD**-2.0
    vector[6] += _FLOOR_SPREAD**-2.0 * np.log(FLOOR / floor)
    # The floor is no part of the answer: what the edges say of the pose is what they say whatever it may be.
    tied = information[:6, 6] / information[6, 6]
    edges, asked = information[:6, :6] - np.outer(tied, information[6, :6]), vector[:6] - tied * vector[6]
    seen = with_belief(edges, asked, _BELIEF, current, finding, atlas)
    change = (vector[6] - information[6, :6] @ (seen.residuals[0] - current.view_residual)) / information[6, 6]
    changed = floor * float(np.exp(np.clip(change, -_FLOOR_STEP, _FLOOR_STEP)))
    return EdgeLook(current, seen, found.agreement, found.overall, min(max(changed, _FLOORS[0]), _FLOORS[1]))


def aligned(frame: Float32, camera: Camera, finding: PoseEstimate, atlas: Atlas) -> PoseEstimate:
    """Return a finding whose pose is aligned by the edges of the frame (rows, columns) of line integrals.

    Its regression is that of edges and networks together, with the networks' presence. Where the edges agree less with
    the aligned pose than with the one before, or nothing is to be seen, the finding is returned as it is.
    """
    return aligned_with_look(frame, camera, finding, atlas)[0]


def aligned_with_look(
    frame: Float32, camera: Camera, finding: PoseEstimate, atlas: Atlas
) -> tuple[PoseEstimate, EdgeLook | None]:
    """Return what `aligned` returns, and the last look if the pose was aligned by it."""
    if finding.regression.presence[0] < PRESENT:
        return finding, None
    pose, floor, moved = finding.camera_from_volume, FLOOR, finding.moved
    agreements: list[float] = []
    view: int | None = None
    for _ in range(EDGE_STEPS):
        edges = edge_look(frame, align_view(pose, camera, atlas, view), finding, atlas, floor)
        agreements.append(edges.agreement)
        floor, view = edges.floor, edges.current.view_index
        pose, moved, length = stepped(pose, edges.current, edges.seen, atlas)
        if length < EDGE_SETTLED:
            break
    if agreements[-1] < agreements[0]:
        return finding, None
    return replace(finding, camera_from_volume=pose, regression=edges.seen, moved=moved), edges


def _turn(current: ViewAlignment, atlas: Atlas) -> Turn:
    """Return how far a look is turned from its cached view."""
    step_rad, view = float(np.deg2rad(atlas.grid.step_deg)), atlas.view
    alpha, beta = view_offsets_rad(current, atlas)
    return Turn(alpha / step_rad, beta / step_rad, step_rad, view.field_mm / view.size_px, view.range_mm)


def with_belief(
    information: Float64, asked: Float64, share: float, current: ViewAlignment, finding: PoseEstimate, atlas: Atlas
) -> Regression:
    """Return what pictures say of the residual (`asked` counts from the current pose), and a share of the networks."""
    belief = share * finding.regression.information[0]
    vector = asked + information @ current.view_residual
    vector = vector + belief @ residual_to_pose(finding.camera_from_volume, current, atlas)
    return solved((information + belief)[None], vector[None], finding.regression.presence)


def stepped(
    pose: Mat44, current: ViewAlignment, seen: Regression, atlas: Atlas
) -> tuple[Mat44, tuple[float, float, float], float]:
    """Return the pose after a step, how far that moved it (`motion_between`), and in expected errors."""
    residual = seen.residuals[0]
    change = residual - current.view_residual
    after = apply_residual(current, residual, Group.ALL, atlas)
    moved = motion_between(pose, after, atlas.view.centre_mm)
    return after, moved, float(np.sqrt(change @ seen.information[0] @ change))
