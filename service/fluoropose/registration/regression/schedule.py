"""PEHL over the atlas: group by group, sweep by sweep, until the schedule is through.

Each step warps the frame to the canonical view of the current pose, regresses the residual against the cached view
and sets one group of parameters; in-plane and depth come before out-of-plane rotation, because the latter cannot be
seen before the former is nearly right (Miao, Wang, Liao 2016, section III-C; our groups put depth first, since on
the atlas depth is a scale of the image).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rotation import angle_between
from fluoropose.registration.regression.residual import Group, ViewAlignment, align_view, apply_residual, residual_units
from fluoropose.registration.regression.step import AbstractStepper, Regression, normalised_homography

__all__ = [
    "Approach",
    "DEFAULT_SCHEDULE",
    "NEAR",
    "PoseEstimate",
    "SETTLED",
    "Schedule",
    "Step",
    "TRACKING_SCHEDULE",
    "approach",
    "is_near",
    "motion_between",
    "register",
    "sweeps",
]

_FIRST_FRAME = np.zeros(1, np.int64)

Step = tuple[str, Group]
Schedule = tuple[Step, ...]

_A, _B = Group.IN_PLANE_DEPTH, Group.OUT_OF_PLANE
DEFAULT_SCHEDULE: Schedule = (
    ("coarse", _A), ("coarse", _A), ("coarse", _B), ("coarse", _A), ("coarse", _B), ("coarse", _A), ("coarse", _B),
    *[("fine", Group.ALL)] * 7,
)  # fmt: skip
"""From a start as wrong as the paper's: up to three coarse sweeps, then fine steps until the pose has settled."""

TRACKING_SCHEDULE: Schedule = DEFAULT_SCHEDULE[6:12]
"""From the last frame's pose: one coarse turn, then fine steps until it has settled."""

NEAR = {_A: 0.5, _B: 0.8}
"""What a coarse step may still have left, in units of `RESIDUAL_SCALES`, for the fine network to take over."""

SETTLED = 4.0
"""A fine step that changes the pose by less than this, in expected errors of it, is the last: the edges go on
(`refinement.edge_alignment`)."""

_SETTLED_IN_BODY = 2.0
"""The same in a body, where networks that end sooner end more often near the wrong vertebra (docs/tried.md)."""


def sweeps(count: int) -> Schedule:
    """Return `count` sweeps over both groups, the first half of them (rounded up) coarse: for experiments."""
    stages = ["coarse"] * (count - count // 2) + ["fine"] * (count // 2)
    return tuple((stage, group) for stage in stages for group in (_A, _B))


Clock = Callable[[], int]
"""Nanoseconds from anywhere, rising."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseEstimate:
    """Where a schedule ended.

    `regression` is what the last look saw (batch of one), the pose its proposal, and `moved` how far that moved the
    pose: in-plane mm, depth mm, rotation rad. `regress_ns`, `refine_ns`, `quality_ns` are times.
    """

    camera_from_volume: Mat44
    regression: Regression
    moved: tuple[float, float, float]
    regress_ns: int
    refine_ns: int
    quality_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Approach:
    """Where the coarse steps ended; `presence` is what the last of them saw, 0 if there was none."""

    camera_from_volume: Mat44
    presence: float
    regress_ns: int


def register(
    stepper: AbstractStepper,
    camera: Camera,
    start: Mat44,
    atlas: Atlas,
    schedule: Schedule,
    clock: Clock,
) -> PoseEstimate:
    """Follow a schedule, coarse steps first, from `start` on the frame that the stepper holds.

    Coarse steps end early once both groups are near, fine ones once the pose has settled; the last look judges the end.
    `camera` is that of the frame as it was put (after binning).
    """
    begun = approach(stepper, camera, start, atlas, schedule, clock)
    return _refined(stepper, camera, begun, atlas, schedule, clock)


def approach(
    stepper: AbstractStepper, camera: Camera, start: Mat44, atlas: Atlas, schedule: Schedule, clock: Clock
) -> Approach:
    """Follow a schedule's coarse steps only."""
    pose, presence = start, 0.0
    units = residual_units(atlas.view)
    left: dict[Group, float] = {}
    began = clock()
    for stage, group in schedule:
        if stage != "coarse" or is_near(left):
            continue
        current = align_view(pose, camera, atlas)
        seen = _regress(stepper, stage, current, camera)
        change = seen.residuals[0] - current.view_residual
        left[group] = float(np.abs(change / units)[list(group.value)].max())
        pose, presence = apply_residual(current, seen.residuals[0], group, atlas), float(seen.presence[0])
    return Approach(pose, presence, clock() - began)


def _refined(
    stepper: AbstractStepper, camera: Camera, begun: Approach, atlas: Atlas, schedule: Schedule, clock: Clock
) -> PoseEstimate:
    """Follow a schedule's fine steps from where the coarse ones ended."""
    pose, began = begun.camera_from_volume, clock()
    settled = _SETTLED_IN_BODY if atlas.has_surroundings else SETTLED
    for stage, group in schedule:
        if stage == "coarse":
            continue
        current = align_view(pose, camera, atlas)
        seen = _regress(stepper, stage, current, camera)
        change = seen.residuals[0] - current.view_residual
        if group is Group.ALL and change @ seen.information[0] @ change < settled**2:
            return _finding(pose, current, seen, atlas, (begun.regress_ns, clock() - began, 0))
        pose = apply_residual(current, seen.residuals[0], group, atlas)
    ended = clock()
    current = align_view(pose, camera, atlas)
    seen = _regress(stepper, "fine", current, camera)
    return _finding(pose, current, seen, atlas, (begun.regress_ns, ended - began, clock() - ended))


def is_near(left: dict[Group, float]) -> bool:
    """Tell whether every group's last coarse step, in units, was so small that the fine network can take over."""
    return all(group in left and left[group] < near for group, near in NEAR.items())


def _finding(
    pose: Mat44, last: ViewAlignment, seen: Regression, atlas: Atlas, spent_ns: tuple[int, int, int]
) -> PoseEstimate:
    proposed = apply_residual(last, seen.residuals[0], Group.ALL, atlas)
    return PoseEstimate(proposed, seen, motion_between(pose, proposed, atlas.view.centre_mm), *spent_ns)


def _regress(stepper: AbstractStepper, stage: str, current: ViewAlignment, camera: Camera) -> Regression:
    homography = normalised_homography(current.frame_from_canonical_px, camera.rows, camera.columns)
    return stepper.step(stage, homography[None], np.array([current.view_indices]), _FIRST_FRAME)


def motion_between(before: Mat44, after: Mat44, centre_mm: Float64) -> tuple[float, float, float]:
    """Return how far two poses of one camera are apart: in-plane mm, depth mm, rotation rad."""
    offset = (after[:3, :3] - before[:3, :3]) @ centre_mm + after[:3, 3] - before[:3, 3]
    ray = before[:3, :3] @ centre_mm + before[:3, 3]
    ray = ray / np.linalg.norm(ray)
    along = float(offset @ ray)
    across = float(np.linalg.norm(offset - along * ray))
    return across, abs(along), angle_between(after[:3, :3], before[:3, :3])
