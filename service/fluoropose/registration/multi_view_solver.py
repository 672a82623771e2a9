"""Several calibrated views of one instant, solved together: every step looks through all of them in one batch.

Each view's regressed residual becomes a linear equation for a motion in the world (`registration.multi_view_equations`), weighted by its own
information; their sum, with a weak prior, is solved, and the schedule goes on as with one view. Depth, which one view
hardly sees, is another's in-plane place. Lengths in mm, angles in rad.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.registration.multi_view_equations import Equation, apply_twist, residual_change, view_equation
from fluoropose.registration.refinement.edge_alignment import EDGE_SETTLED, EDGE_STEPS, FLOOR, PRESENT, edge_look
from fluoropose.registration.regression.residual import Group, ViewAlignment, align_view, apply_residual, residual_units
from fluoropose.registration.regression.schedule import NEAR, Clock, PoseEstimate, Schedule, is_near, motion_between
from fluoropose.registration.regression.step import Regression

__all__ = ["CalibratedView", "JointFinding", "aligned_jointly", "register_jointly", "world_information"]

_PRIOR_SHARE, _PRIOR_RAD = 0.5, 1.0
"""Standard deviations of the weak prior on one step: so much of the field, and of a turn. It only holds what no view
sees."""

_SETTLED = 2.0
"""A fine step shorter than this, in expected errors and the mean of the views, is the last. Shorter than with one view
alone (`hierarchy.SETTLED`): what each view then still asks for tells whether they contradict each other."""

_FLOOR: Float64 = np.array([0.002, 0.002, 0.005, 0.004, 0.004, 0.004])
"""No view is believed to know more than this: shares of field and range, and rad; what calibrations are good for."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedView:
    """One view as the steps see it: which frame on the device, its camera after binning, where it stands, its atlas."""

    frame: int
    camera: Camera
    camera_from_world: Mat44
    atlas: Atlas

    def align_view(self, world_from_volume: Mat44, stay: int | None = None) -> ViewAlignment:
        """Return how a pose looks at this view's frame, if near enough by the cached view to `stay` with."""
        return align_view(self.camera_from_world @ world_from_volume, self.camera, self.atlas, stay)


Regress = Callable[[str, Sequence[CalibratedView], Sequence[ViewAlignment]], Regression]
"""Runs one stage on a look per view, in one batch: the views' residuals in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class JointFinding:
    """Where a joint schedule ended: `world_from_volume`, and what each view says of it as a `PoseEstimate` of its own.

    `information` (6, 6) is that of the pose as a world twist, over all views, `proposed` the twist (6,) that their last
    look still asks for, and `disagreements` the chi-squares of what each view's own residual says against the pose.
    """

    world_from_volume: Mat44
    views: tuple[PoseEstimate, ...]
    information: Float64
    proposed: Float64
    disagreements: tuple[float, ...]


def register_jointly(
    regress: Regress, sights: Sequence[CalibratedView], start: Mat44, schedule: Schedule, clock: Clock
) -> JointFinding:
    """Follow a schedule from `start`, a world_from_volume, in all views; the last look judges the end.

    Steps end as with one view: coarse ones once every view calls both groups near, fine ones once the pose has settled
    in the mean of the views. A coarse step of the first group is left out where the last step hardly changed it.

    Raises
    ------
    GeometryError
        If the object's centre comes to lie behind a source.
    """
    pose = start
    atlas = sights[0].atlas
    spent = {"coarse": 0, "fine": 0}
    left: dict[Group, float] = {}
    for stage, group in schedule:
        if stage == "coarse" and (is_near(left) or _needless(group, left)):
            continue
        began = clock()
        last = _look(regress, stage, sights, pose, group)
        step = _step(last.equations, atlas)
        spent[stage] += clock() - began
        if group is Group.ALL and step @ _total(last.equations) @ step < len(sights) * _SETTLED**2:
            return _ended(pose, last, sights, spent, 0)
        if stage == "coarse":
            left |= _left(step, sights, last.looks, group)
        pose = apply_twist(pose, step, atlas)
    began = clock()
    last = _look(regress, "fine", sights, pose, Group.ALL)
    return _ended(pose, last, sights, spent, clock() - began)


def aligned_jointly(frames: Sequence[Float32], sights: Sequence[CalibratedView], joint: JointFinding) -> JointFinding:
    """Return a joint finding aligned by the edges of all views' frames (rows, columns) of line integrals.

    As `refinement.edge_alignment.aligned` does with one view; `disagreements` stay those of the networks. A finding that some view's
    network does not see is returned as it is, and so is one whose edges agree less in the end.
    """
    presence = np.concatenate([view.regression.presence for view in joint.views])
    if presence.min() < PRESENT:
        return joint
    pose, floors, agreements = joint.world_from_volume, [FLOOR] * len(sights), []
    stays: list[int | None] = [None] * len(sights)
    for _ in range(EDGE_STEPS):
        looks = [sight.align_view(pose, stay) for sight, stay in zip(sights, stays, strict=True)]
        stays = [current.view_index for current in looks]
        parts = [
            edge_look(frame, current, finding, sight.atlas, floor)
            for frame, current, finding, sight, floor in zip(frames, looks, joint.views, sights, floors, strict=True)
        ]
        floors = [part.floor for part in parts]
        agreements.append(float(np.mean([part.agreement for part in parts])))
        last = _looked(_stacked([part.seen for part in parts]), sights, looks, Group.ALL)
        step = _step(last.equations, sights[0].atlas)
        pose = apply_twist(pose, step, sights[0].atlas)
        if step @ _total(last.equations) @ step < len(sights) * EDGE_SETTLED**2:
            break
    if agreements[-1] < agreements[0]:
        return joint
    views = tuple(
        replace(finding, camera_from_volume=sight.camera_from_world @ pose, regression=_of_one(last.seen, number))
        for number, (finding, sight) in enumerate(zip(joint.views, sights, strict=True))
    )
    return replace(joint, world_from_volume=pose, views=views, information=_total(last.equations), proposed=step)


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """One look through all views: how, what was seen, the errors' covariances, and the equations that follow."""

    looks: list[ViewAlignment]
    seen: Regression
    covariances: Float64
    equations: list[Equation]


def _look(regress: Regress, stage: str, sights: Sequence[CalibratedView], pose: Mat44, group: Group) -> _Looked:
    looks = [sight.align_view(pose) for sight in sights]
    return _looked(regress(stage, sights, looks), sights, looks, group)


def _looked(seen: Regression, sights: Sequence[CalibratedView], looks: list[ViewAlignment], group: Group) -> _Looked:
    covariances = _covariances(seen, sights)
    parts = zip(sights, looks, seen.residuals, covariances, strict=True)
    equations = [
        view_equation(current, residual, covariance, group, sight.camera_from_world, sight.atlas)
        for sight, current, residual, covariance in parts
    ]
    return _Looked(looks, seen, covariances, equations)


def _covariances(seen: Regression, sights: Sequence[CalibratedView]) -> Float64:
    """Return what the views' residuals are believed to be wrong by, shape (views, 6, 6): never less than the floor."""
    views = [sight.atlas.view for sight in sights]
    units = np.array([[view.field_mm, view.field_mm, view.range_mm, 1.0, 1.0, 1.0] for view in views])
    return np.asarray(np.linalg.inv(seen.information) + np.eye(6) * ((_FLOOR * units) ** 2)[:, None, :])


def _needless(group: Group, left: dict[Group, float]) -> bool:
    """Tell whether a coarse step of the first group can be left out: the last step, of whichever group, set it too."""
    return group is Group.IN_PLANE_DEPTH and left.get(group, np.inf) < NEAR[group]


def _left(
    step: Float64, sights: Sequence[CalibratedView], looks: Sequence[ViewAlignment], group: Group
) -> dict[Group, float]:
    """Return how much a step changes of each group that it sets, in the view that it changes most, in network's units.

    A step of the out-of-plane angles sets all six: their equations count in full by then.
    """
    parts = zip(sights, looks, strict=True)
    changes = np.stack(
        [
            np.abs(residual_change(current, sight.camera_from_world, sight.atlas) @ step)
            / residual_units(sight.atlas.view)
            for sight, current in parts
        ]
    )
    groups = (group,) if group is Group.IN_PLANE_DEPTH else (Group.IN_PLANE_DEPTH, Group.OUT_OF_PLANE)
    return {item: float(changes[:, list(item.value)].max()) for item in groups}


def _ended(
    pose: Mat44, last: _Looked, sights: Sequence[CalibratedView], spent: dict[str, int], quality_ns: int
) -> JointFinding:
    views, disagreements = [], []
    for number, (sight, current) in enumerate(zip(sights, last.looks, strict=True)):
        own = _of_one(last.seen, number)
        here = sight.camera_from_world @ pose
        proposed = apply_residual(current, own.residuals[0], Group.ALL, sight.atlas)
        moved = motion_between(here, proposed, sight.atlas.view.centre_mm)
        views.append(PoseEstimate(here, own, moved, spent["coarse"], spent["fine"], quality_ns))
        offset = own.residuals[0] - current.view_residual
        disagreements.append(float(offset @ np.linalg.solve(last.covariances[number], offset)))
    step = _step(last.equations, sights[0].atlas)
    return JointFinding(pose, tuple(views), _total(last.equations), step, tuple(disagreements))


def _total(equations: Sequence[Equation]) -> Float64:
    return np.asarray(np.sum([equation.information for equation in equations], axis=0))


def world_information(finding: PoseEstimate, sight: CalibratedView) -> Float64:
    """Return what one view knows of a pose as a world twist, shape (6, 6); mm and rad."""
    current = align_view(finding.camera_from_volume, sight.camera, sight.atlas)
    covariance = _covariances(finding.regression, [sight])[0]
    residual = finding.regression.residuals[0]
    return view_equation(current, residual, covariance, Group.ALL, sight.camera_from_world, sight.atlas).information


def _step(equations: Sequence[Equation], atlas: Atlas) -> Float64:
    """Return the twist that all views agree on best, shape (6,)."""
    across = (_PRIOR_SHARE * atlas.view.field_mm) ** -2.0
    information = np.diag([across] * 3 + [_PRIOR_RAD**-2.0] * 3)
    vector = np.zeros(6)
    for equation in equations:
        information, vector = information + equation.information, vector + equation.vector
    return np.asarray(np.linalg.solve(information, vector))


def _stacked(parts: Sequence[Regression]) -> Regression:
    residuals, sigmas, information, presence = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("residuals", "sigmas", "information", "presence")
    )
    return Regression(residuals, sigmas, information, presence)


def _of_one(seen: Regression, number: int) -> Regression:
    one = slice(number, number + 1)
    return Regression(seen.residuals[one], seen.sigmas[one], seen.information[one], seen.presence[one])
