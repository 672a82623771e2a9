"""The schedule of the networks: which network looks at which group of parameters, and when the steps end.

Each step warps the frame to the canonical view of the current pose, regresses the residual against the cached view
and sets one group of parameters. In-plane and depth come before out-of-plane rotation, because the latter cannot be
seen before the former is nearly right (Miao, Wang, Liao, IEEE TMI 35(5), 2016, section III-C). Our groups put depth
first, since on the atlas depth is a scale of the image.

One view and several calibrated views follow the same schedule: an `AbstractRegression` says what one step is for them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rotation import angle_between
from fluoropose.imaging.sampling import normalised_homography
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    align_view,
    apply_residual,
    residual_units,
)
from fluoropose.registration.regression.step import AbstractStepper, Regression

__all__ = [
    "AbstractRegression",
    "CoarseEnd",
    "DEFAULT_SCHEDULE",
    "FineEnd",
    "NEAR_UNITS",
    "PoseEstimate",
    "REPEATED_SCHEDULE",
    "RegressionStep",
    "SEARCHED_SCHEDULE",
    "Schedule",
    "Step",
    "TRACKING_SCHEDULE",
    "ViewRegression",
    "fine_steps",
    "follow_coarse",
    "follow_fine",
    "follow_schedule",
    "is_near",
    "motion_between",
    "pose_estimate",
    "sweeps",
]

_FIRST_FRAME = np.zeros(1, np.int64)

Step = tuple[str, Group]
"""A network, "coarse" or "fine", and the group of parameters that it sets."""

Schedule = tuple[Step, ...]

_A, _B = Group.IN_PLANE_DEPTH, Group.OUT_OF_PLANE
DEFAULT_SCHEDULE: Schedule = (
    ("coarse", _A), ("coarse", _A), ("coarse", _B), ("coarse", _A), ("coarse", _B), ("coarse", _A), ("coarse", _B),
    *[("fine", Group.ALL)] * 7,
)  # fmt: skip
"""From a start as wrong as the paper's: up to three coarse sweeps, then fine steps until the pose has settled."""

TRACKING_SCHEDULE: Schedule = DEFAULT_SCHEDULE[6:12]
"""From the last frame's pose: one coarse step, then fine steps until the pose has settled."""

REPEATED_SCHEDULE: Schedule = DEFAULT_SCHEDULE[-4:]
"""From where an object was surely found already: fine steps, for only what others project before it has changed."""

SEARCHED_SCHEDULE: Schedule = (("coarse", _A), ("coarse", _B), *[("fine", Group.ALL)] * 7)
"""From a pose that a search found: one coarse sweep, then fine steps until the pose has settled."""

NEAR_UNITS = {_A: 0.5, _B: 0.8}
"""The largest change that a coarse step may still ask for, in `RESIDUAL_SCALES`, before the fine network takes over."""

_SETTLED_ERRORS = 4.0
"""A fine step that changes the pose by less than this, in expected errors of the pose, is the last: the refinement goes
on from there (docs/decisions)."""

_SETTLED_ERRORS_IN_BODY = 2.0
"""The same for an object in a body. Networks that end sooner there end more often near the wrong vertebra."""

Clock = Callable[[], int]
"""Nanoseconds from an arbitrary origin, rising."""


def sweeps(count: int) -> Schedule:
    """Return a schedule of `count` sweeps over both groups, the first half (rounded up) coarse: for experiments."""
    networks = ["coarse"] * (count - count // 2) + ["fine"] * (count // 2)
    return tuple((network, group) for network in networks for group in (_A, _B))


def fine_steps(schedule: Schedule) -> Schedule:
    """Return a schedule's steps of the fine network."""
    return tuple(step for step in schedule if step[0] != "coarse")


@dataclass(frozen=True, slots=True, eq=False)
class RegressionStep:
    """What one step of the networks says at a pose.

    `pose` is where the step leads, `left` the change that each group asked for, in units of the networks. `errors` is
    the length of the whole change in expected errors. `regression` holds the networks' outputs, one per view, and
    `alignments` the views that they were computed with.
    """

    pose: Mat44
    left: dict[Group, float]
    errors: float
    regression: Regression
    alignments: tuple[ViewAlignment, ...]


StepT = TypeVar("StepT", bound=RegressionStep)


class AbstractRegression(ABC, Generic[StepT]):
    """The networks of a case over the frames of one instant. `settled_errors` is the length of a last fine step."""

    settled_errors: float

    @abstractmethod
    def step(self, network: str, pose: Mat44, group: Group) -> StepT:
        """Regress the residual at a pose and set a group of parameters."""

    def is_spared(self, group: Group, left: dict[Group, float]) -> bool:
        """Tell whether a coarse step of a group may be left out, given what the last steps asked for."""
        return is_near(left)


@dataclass(frozen=True, slots=True, eq=False)
class CoarseEnd:
    """Where the coarse steps ended; `presence` is what the last of them saw, 0 if there was none."""

    pose: Mat44
    presence: float
    regress_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class FineEnd(Generic[StepT]):
    """Where the fine steps ended: at `pose`, at which `last` was computed. Times in ns."""

    pose: Mat44
    last: StepT
    regress_ns: int
    refine_ns: int
    quality_ns: int


def follow_schedule(
    regression: AbstractRegression[StepT], start: Mat44, schedule: Schedule, clock: Clock
) -> FineEnd[StepT]:
    """Follow a schedule from `start`, coarse steps first, and return where the fine ones ended.

    Coarse steps end early once every group is near, fine ones once the pose has settled. The last step judges the end.
    """
    return follow_fine(regression, follow_coarse(regression, start, schedule, clock), schedule, clock)


def follow_coarse(regression: AbstractRegression[StepT], start: Mat44, schedule: Schedule, clock: Clock) -> CoarseEnd:
    """Follow a schedule's coarse steps only."""
    pose, presence, began = start, 0.0, clock()
    left: dict[Group, float] = {}
    for network, group in schedule:
        if network != "coarse" or regression.is_spared(group, left):
            continue
        step = regression.step(network, pose, group)
        left |= step.left
        pose, presence = step.pose, float(step.regression.presence[0])
    return CoarseEnd(pose, presence, clock() - began)


def follow_fine(
    regression: AbstractRegression[StepT], begun: CoarseEnd, schedule: Schedule, clock: Clock
) -> FineEnd[StepT]:
    """Follow a schedule's fine steps from where the coarse ones ended."""
    pose, began = begun.pose, clock()
    for network, group in fine_steps(schedule):
        step = regression.step(network, pose, group)
        if group is Group.ALL and step.errors < regression.settled_errors:
            return FineEnd(pose, step, begun.regress_ns, clock() - began, 0)
        pose = step.pose
    ended = clock()
    last = regression.step("fine", pose, Group.ALL)
    return FineEnd(pose, last, begun.regress_ns, ended - began, clock() - ended)


def is_near(left: dict[Group, float]) -> bool:
    """Tell whether every group's last coarse step, in units, was so small that the fine network can take over."""
    return all(group in left and left[group] < near for group, near in NEAR_UNITS.items())


class ViewRegression(AbstractRegression[RegressionStep]):
    """The networks over one view: the frame that the stepper holds, seen by `camera` (after binning)."""

    def __init__(self, stepper: AbstractStepper, camera: Camera, atlas: AbstractAtlas) -> None:
        self.settled_errors = _SETTLED_ERRORS_IN_BODY if atlas.has_surroundings else _SETTLED_ERRORS
        self._stepper, self._camera, self._atlas = stepper, camera, atlas
        self._units = residual_units(atlas.view)

    def step(self, network: str, pose: Mat44, group: Group) -> RegressionStep:
        """Regress the residual and set the group's part of it; the other parameters stay as they are."""
        alignment = align_view(pose, self._camera, self._atlas)
        homography = normalised_homography(alignment.frame_from_canonical_px, self._camera.rows, self._camera.columns)
        indices = np.array([alignment.view_indices])
        seen = self._stepper.step(network, homography[None], indices, _FIRST_FRAME)
        change = seen.residuals[0] - alignment.view_residual
        left = {group: float(np.abs(change / self._units)[list(group.value)].max())}
        errors = float(np.sqrt(change @ seen.information[0] @ change))
        after = apply_residual(alignment, seen.residuals[0], group, self._atlas)
        return RegressionStep(after, left, errors, seen, (alignment,))


@dataclass(frozen=True, slots=True, eq=False)
class PoseEstimate:
    """A pose in one view with what is known of its errors.

    `regression` is what the last step said (batch of one), `moved` how far that moved the pose: in-plane mm, depth mm,
    rotation rad. `regress_ns`, `refine_ns` and `quality_ns` are times.
    """

    camera_from_volume: Mat44
    regression: Regression
    moved: tuple[float, float, float]
    regress_ns: int
    refine_ns: int
    quality_ns: int

    def with_regress_ns(self, spent_ns: int) -> "PoseEstimate":
        """Return the estimate with further time spent before its refinement."""
        return replace(self, regress_ns=self.regress_ns + spent_ns)

    def with_refine_ns(self, spent_ns: int) -> "PoseEstimate":
        """Return the estimate with further time spent on its refinement."""
        return replace(self, refine_ns=self.refine_ns + spent_ns)

    def with_times_of(self, *tries: "PoseEstimate") -> "PoseEstimate":
        """Return the estimate with the times of all tries, so that a frame's times leave nothing out."""
        return replace(
            self,
            regress_ns=sum(one.regress_ns for one in tries),
            refine_ns=sum(one.refine_ns for one in tries),
            quality_ns=sum(one.quality_ns for one in tries),
        )


def pose_estimate(end: FineEnd[RegressionStep], atlas: AbstractAtlas) -> PoseEstimate:
    """Return the pose that the last step of one view proposes."""
    proposed, centre_mm = end.last.pose, atlas.view.centre_mm
    moved = motion_between(end.pose, proposed, centre_mm)
    return PoseEstimate(proposed, end.last.regression, moved, end.regress_ns, end.refine_ns, end.quality_ns)


def motion_between(before: Mat44, after: Mat44, centre_mm: Float64) -> tuple[float, float, float]:
    """Return how far two poses of one camera are apart: in-plane mm, depth mm, rotation rad."""
    offset = (after[:3, :3] - before[:3, :3]) @ centre_mm + after[:3, 3] - before[:3, 3]
    ray = before[:3, :3] @ centre_mm + before[:3, 3]
    ray = ray / np.linalg.norm(ray)
    along = float(offset @ ray)
    across = float(np.linalg.norm(offset - along * ray))
    return across, abs(along), angle_between(after[:3, :3], before[:3, :3])
