"""Several calibrated views of one instant, solved together: regression and refinement by edges in the world.

Each view's residual becomes a linear equation for a twist in the world (`regression.residual`), weighted
by its own information. Their sum, with a weak prior, is solved, and schedule and refinement go on as with one view.
Depth, which one view hardly sees, is another view's in-plane place. Lengths in mm, angles in rad.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import apply_twist
from fluoropose.parallel import run_parallel
from fluoropose.registration.refinement.costs.edges import EdgeCost
from fluoropose.registration.refinement.gauss_newton import (
    AbstractCost,
    Equations,
    NewtonStep,
    Prior,
    minimise,
    newton_step,
)
from fluoropose.registration.refinement.sequence import REFINEMENT, RefinementSettings, go_on, regression_of
from fluoropose.registration.regression.residual import (
    Equation,
    Group,
    ViewAlignment,
    align_view,
    apply_residual,
    residual_change,
    residual_units,
    view_covariance,
    view_equation,
)
from fluoropose.registration.regression.schedule import (
    NEAR_UNITS,
    AbstractRegression,
    Clock,
    FineEnd,
    PoseEstimate,
    RegressionStep,
    Schedule,
    follow_schedule,
    is_near,
    motion_between,
)
from fluoropose.registration.regression.step import Regression

__all__ = ["CalibratedView", "JointEstimate", "JointRegression", "RegressViews", "refine_jointly", "regress_jointly"]

_PRIOR_SHARE, _PRIOR_RAD = 0.5, 1.0
"""Standard deviations of the weak prior on one step, in shares of the field and in rad. It only holds what no view
sees."""

_SETTLED_ERRORS = 2.0
"""A fine step shorter than this, in expected errors and the mean of the views, is the last. It is shorter than with one
view: what each view still asks for then tells whether the views contradict each other."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedView:
    """One view as the steps see it: its frame on the device, its camera after binning, its place, and its atlas."""

    frame: int
    camera: Camera
    camera_from_world: Mat44
    atlas: AbstractAtlas

    def align(self, world_from_volume: Mat44) -> ViewAlignment:
        """Return how a pose in the world is aligned with this view's frame."""
        return align_view(self.camera_from_world @ world_from_volume, self.camera, self.atlas)


RegressViews = Callable[[str, Sequence[CalibratedView], Sequence[ViewAlignment]], Regression]
"""Runs one network on an alignment per view, in one batch: the views' residuals in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class JointEstimate:
    """A pose in the world, and what each view says of it as a `PoseEstimate` of its own.

    `information` (6, 6) is that of the pose as a world twist, over all views. `proposed` is the twist (6,) that their
    last step still asks for, and `disagreements` are the chi-squares of each view's own residual against the pose.
    """

    world_from_volume: Mat44
    views: tuple[PoseEstimate, ...]
    information: Float64
    proposed: Float64
    disagreements: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _JointStep(RegressionStep):
    """A step of all views: with the `twist` (6,) that it takes and the views' equations."""

    twist: Float64
    equations: tuple[Equation, ...]


class JointRegression(AbstractRegression[_JointStep]):
    """The networks over several views of one instant; poses are world_from_volume."""

    def __init__(self, regress: RegressViews, views: Sequence[CalibratedView]) -> None:
        self.settled_errors = _SETTLED_ERRORS * float(np.sqrt(len(views)))
        self._regress, self._views, self._atlas = regress, views, views[0].atlas

    def step(self, network: str, pose: Mat44, group: Group) -> _JointStep:
        """Regress all views' residuals in one batch, and move the pose by the twist that they agree on best."""
        alignments = tuple(view.align(pose) for view in self._views)
        seen = self._regress(network, self._views, alignments)
        equations = _equations(seen, self._views, alignments, group)
        twist = _solve(equations, self._atlas)
        errors = float(np.sqrt(twist @ _sum_information(equations) @ twist))
        after = apply_twist(pose, twist, self._atlas.view.centre_mm)
        left = self._changes(twist, alignments, group) if network == "coarse" else {}
        return _JointStep(after, left, errors, seen, alignments, twist, equations)

    def is_spared(self, group: Group, left: dict[Group, float]) -> bool:
        """Tell whether a coarse step may be left out: all is near, or the last step hardly changed the first group."""
        settled = group is Group.IN_PLANE_DEPTH and left.get(group, np.inf) < NEAR_UNITS[group]
        return is_near(left) or settled

    def _changes(self, twist: Float64, alignments: Sequence[ViewAlignment], group: Group) -> dict[Group, float]:
        """Return how much a twist changes of each group that it sets, in the view that it changes most, in units.

        A step of the out-of-plane angles sets all six: their equations count in full by then.
        """
        changes = np.stack(
            [
                np.abs(residual_change(alignment, view.camera_from_world, view.atlas) @ twist)
                / residual_units(view.atlas.view)
                for view, alignment in zip(self._views, alignments, strict=True)
            ]
        )
        groups = (group,) if group is Group.IN_PLANE_DEPTH else (Group.IN_PLANE_DEPTH, Group.OUT_OF_PLANE)
        return {item: float(changes[:, list(item.value)].max()) for item in groups}


def regress_jointly(
    regress: RegressViews, views: Sequence[CalibratedView], start: Mat44, schedule: Schedule, clock: Clock
) -> JointEstimate:
    """Follow a schedule from `start`, a world_from_volume, in all views.

    Raises
    ------
    GeometryError
        If the object's centre comes to lie behind a source.
    """
    return _joint_estimate(follow_schedule(JointRegression(regress, views), start, schedule, clock), views)


def _joint_estimate(end: FineEnd[_JointStep], views: Sequence[CalibratedView]) -> JointEstimate:
    """Return the pose at which the last step was computed, with what each view proposes there."""
    estimates, disagreements = [], []
    for number, (view, alignment) in enumerate(zip(views, end.last.alignments, strict=True)):
        own = _of_one(end.last.regression, number)
        here = view.camera_from_world @ end.pose
        proposed = apply_residual(alignment, own.residuals[0], Group.ALL, view.atlas)
        moved = motion_between(here, proposed, view.atlas.view.centre_mm)
        estimates.append(PoseEstimate(here, own, moved, end.regress_ns, end.refine_ns, end.quality_ns))
        offset = own.residuals[0] - alignment.view_residual
        covariance = view_covariance(own.information[0], view.atlas)
        disagreements.append(float(offset @ np.linalg.solve(covariance, offset)))
    information = _sum_information(end.last.equations)
    return JointEstimate(end.pose, tuple(estimates), information, end.last.twist, tuple(disagreements))


class _TwistParameters:
    """The six parameters of a refinement in the world: a twist about the object's centre."""

    def __init__(self, world_from_volume: Mat44, atlas: AbstractAtlas) -> None:
        self.origin = np.zeros(6)
        self._pose, self._atlas = world_from_volume, atlas

    def pose_at(self, parameters: Float64) -> Mat44:
        """Return world_from_volume after a twist."""
        return apply_twist(self._pose, parameters, self._atlas.view.centre_mm)

    def parameters_of(self, pose: Mat44) -> Float64:
        """Raise: no prior in the world has a pose of its own yet."""
        raise NotImplementedError("expected a prior about the pose itself, got one about another pose")


class _JointEdgeCost(AbstractCost):
    """The edges of all views, each with its own floor of scatter and its own networks' belief; poses in the world."""

    def __init__(
        self,
        costs: Sequence[EdgeCost],
        views: Sequence[CalibratedView],
        estimates: Sequence[PoseEstimate],
        share: float,
    ) -> None:
        self.regressions: list[Regression] = []
        self._costs, self._views, self._estimates = costs, views, estimates
        self._priors = [Prior(share * one.regression.information[0], one.camera_from_volume) for one in estimates]

    def evaluate(self, pose: Mat44) -> Equations:
        """Return the equations of a twist about world_from_volume; each view's floor moves by that view's own step."""
        self.regressions, agreements = [], []
        information, vector = np.zeros((6, 6)), np.zeros(6)
        looks = [
            partial(cost.evaluate, view.camera_from_world @ pose)
            for cost, view in zip(self._costs, self._views, strict=True)
        ]
        parts = zip(run_parallel(looks), self._costs, self._views, self._priors, self._estimates, strict=True)
        for said, cost, view, prior, estimate in parts:
            own = newton_step(said, prior)
            cost.accept(own)
            self.regressions.append(regression_of(own, estimate.regression.presence))
            agreements.append(said.agreement)
            covariance = view_covariance(own.information, view.atlas)
            equation = view_equation(
                cost.alignment, own.parameters, covariance, Group.ALL, view.camera_from_world, view.atlas
            )
            information, vector = information + equation.information, vector + equation.vector
        return Equations(information, vector, float(np.mean(agreements)), _TwistParameters(pose, self._views[0].atlas))


def refine_jointly(
    frames: Sequence[Float32],
    views: Sequence[CalibratedView],
    joint: JointEstimate,
    settings: RefinementSettings = REFINEMENT,
    unused: Sequence[Float32 | None] | None = None,
) -> JointEstimate:
    """Return a joint estimate aligned by the edges of all views' frames (rows, columns) of line integrals.

    Where a view's `unused` is over 0 its edges are not compared.

    `disagreements` stay those of the networks. An estimate that some view's network does not see is returned as it is,
    and so is one whose edges agree less in the end.
    """
    presence = np.concatenate([view.regression.presence for view in joint.views])
    if presence.min() < settings.least_presence:
        return joint
    edges = [
        EdgeCost(frame, view.camera, view.atlas, unused=hidden)
        for frame, view, hidden in zip(frames, views, unused or [None] * len(views), strict=True)
    ]
    cost = _JointEdgeCost(edges, views, joint.views, settings.edge_prior_share)
    stops = [
        replace(stop, settled_errors=stop.settled_errors * float(np.sqrt(len(views))))
        for stop in (settings.edge_stop, settings.opaque_stop)
    ]
    prior = Prior(_weak_information(views[0].atlas))
    solution = minimise(cost, joint.world_from_volume, prior, stops[0])
    if all(edge.is_opaque for edge in edges):
        solution = go_on(cost, solution, prior, stops[1])
    if not solution.improved:
        return joint
    estimates = tuple(
        replace(one, camera_from_volume=view.camera_from_world @ solution.pose, regression=regression)
        for one, view, regression in zip(joint.views, views, cost.regressions, strict=True)
    )
    step: NewtonStep = solution.step
    return replace(
        joint,
        world_from_volume=solution.pose,
        views=estimates,
        information=solution.equations.information,
        proposed=step.parameters,
    )


def _equations(
    seen: Regression, views: Sequence[CalibratedView], alignments: Sequence[ViewAlignment], group: Group
) -> tuple[Equation, ...]:
    """Return what each view's regressed residual says of the twist."""
    return tuple(
        view_equation(
            alignment, residual, view_covariance(information, view.atlas), group, view.camera_from_world, view.atlas
        )
        for view, alignment, residual, information in zip(
            views, alignments, seen.residuals, seen.information, strict=True
        )
    )


def _sum_information(equations: Sequence[Equation]) -> Float64:
    return np.asarray(np.sum([equation.information for equation in equations], axis=0))


def _weak_information(atlas: AbstractAtlas) -> Float64:
    """Return the information (6, 6) of the weak prior on a step."""
    across = (_PRIOR_SHARE * atlas.view.field_mm) ** -2.0
    return np.diag([across] * 3 + [_PRIOR_RAD**-2.0] * 3)


def _solve(equations: Sequence[Equation], atlas: AbstractAtlas) -> Float64:
    """Return the twist that all views agree on best, shape (6,)."""
    information, vector = _weak_information(atlas), np.zeros(6)
    for equation in equations:
        information, vector = information + equation.information, vector + equation.vector
    return np.asarray(np.linalg.solve(information, vector))


def _of_one(seen: Regression, number: int) -> Regression:
    one = slice(number, number + 1)
    return Regression(seen.residuals[one], seen.sigmas[one], seen.information[one], seen.presence[one])
