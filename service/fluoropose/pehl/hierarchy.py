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
from fluoropose.pehl.residual import Group, Look, apply_residual, look
from fluoropose.pehl.step import AbstractStepper, Regression, normalised_homography

__all__ = [
    "DEFAULT_SCHEDULE",
    "Finding",
    "Schedule",
    "Step",
    "TRACKING_SCHEDULE",
    "moved_between",
    "register",
    "sweeps",
]

_FIRST_FRAME = np.zeros(1, np.int64)

Step = tuple[str, Group]
Schedule = tuple[Step, ...]

_A, _B = Group.IN_PLANE_DEPTH, Group.OUT_OF_PLANE
DEFAULT_SCHEDULE: Schedule = (
    ("coarse", _A), ("coarse", _A), ("coarse", _B), ("coarse", _A), ("coarse", _B), ("coarse", _A), ("coarse", _B),
    ("fine", _A), ("fine", _B), ("fine", _A), ("fine", Group.ALL), ("fine", Group.ALL),
    ("fine", Group.ALL), ("fine", Group.ALL),
)  # fmt: skip
"""From a start as wrong as the paper's: three coarse sweeps, then fine ones."""

TRACKING_SCHEDULE: Schedule = DEFAULT_SCHEDULE[6:12]
"""From the last frame's pose: one coarse turn, then the fine sweeps."""


def sweeps(count: int) -> Schedule:
    """Return `count` sweeps over both groups, the first half of them (rounded up) coarse: for experiments."""
    stages = ["coarse"] * (count - count // 2) + ["fine"] * (count // 2)
    return tuple((stage, group) for stage in stages for group in (_A, _B))


Clock = Callable[[], int]
"""Nanoseconds from anywhere, rising."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Where a schedule ended.

    `regression` is the network's view of the last pose (batch of one) and `moved` how far its own last proposal
    lies from that pose: in-plane mm, depth mm, rotation rad. `regress_ns`, `refine_ns`, `quality_ns` are times.
    """

    camera_from_volume: Mat44
    regression: Regression
    moved: tuple[float, float, float]
    regress_ns: int
    refine_ns: int
    quality_ns: int


def register(
    stepper: AbstractStepper,
    camera: Camera,
    start: Mat44,
    atlas: Atlas,
    schedule: Schedule,
    clock: Clock,
) -> Finding:
    """Follow a schedule from `start` on the frame that the stepper holds, then look once more to judge the end.

    `camera` is that of the frame as it was put (after binning).
    """
    pose = start
    spent = {"coarse": 0, "fine": 0}
    for stage, group in schedule:
        began = clock()
        current = look(pose, camera, atlas)
        seen = _regress(stepper, stage, current, camera)
        pose = apply_residual(current, seen.residuals[0], group, atlas)
        spent[stage] += clock() - began
    began = clock()
    current = look(pose, camera, atlas)
    seen = _regress(stepper, "fine", current, camera)
    moved = moved_between(pose, apply_residual(current, seen.residuals[0], Group.ALL, atlas), atlas.view.centre_mm)
    return Finding(pose, seen, moved, spent["coarse"], spent["fine"], clock() - began)


def _regress(stepper: AbstractStepper, stage: str, current: Look, camera: Camera) -> Regression:
    homography = normalised_homography(current.frame_from_canonical_px, camera.rows, camera.columns)
    return stepper.step(stage, homography[None], np.array([current.view_indices]), _FIRST_FRAME)


def moved_between(before: Mat44, after: Mat44, centre_mm: Float64) -> tuple[float, float, float]:
    """Return how far two poses of one camera are apart: in-plane mm, depth mm, rotation rad."""
    offset = (after[:3, :3] - before[:3, :3]) @ centre_mm + after[:3, 3] - before[:3, 3]
    ray = before[:3, :3] @ centre_mm + before[:3, 3]
    ray = ray / np.linalg.norm(ray)
    along = float(offset @ ray)
    across = float(np.linalg.norm(offset - along * ray))
    return across, abs(along), angle_between(after[:3, :3], before[:3, :3])
