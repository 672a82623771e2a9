"""Which costs are minimised in one view, in which order: edges, in clutter gradient correlation, in a body two bodies.

The networks bring a pose near. Then Gauss-Newton steps finish it, with what the networks believe as a weak prior.
Lengths in mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Points
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import Exposure
from fluoropose.registration.refinement.costs.edges import EdgeCost
from fluoropose.registration.refinement.costs.gradient_correlation import GradientCorrelationCost, window_around
from fluoropose.registration.refinement.costs.two_body import BodyRenderers, TwoBodyCost
from fluoropose.registration.refinement.gauss_newton import AbstractCost, NewtonStep, Prior, Solution, Stop, minimise
from fluoropose.registration.regression.schedule import PoseEstimate, motion_between
from fluoropose.registration.regression.step import Regression

__all__ = [
    "ClutterInputs",
    "EdgeEnd",
    "REFINEMENT",
    "RefinementSettings",
    "align_in_clutter",
    "go_on",
    "look_at_all",
    "refine_by_edges",
    "refine_in_body",
    "refine_in_clutter",
    "regression_of",
]


@dataclass(frozen=True, slots=True)
class RefinementSettings:
    """When each cost stops, and how much the networks' information counts beside it.

    `least_presence` is the presence below which there is nothing to refine. Edges: from where the networks end on
    simulated frames two steps do, on real ones up to ten; a step of less than one expected error is the last, because
    the next would be a fifth of it. Of an opaque object the floor is found in the first steps, so that there are more.

    In clutter: `cluttered_below` is the correlation of the whole window below which most of it is not the object (real
    frames of the wrist have 0.45 to 0.54, simulated ones of metal in anatomy 0.72 and more). Below
    `clutter_presence` the pose is left to the edges, so that an object that may be lost takes no longer. `disagrees`
    is how much less the edges may agree with an end: on real frames of the wrist they agree less by up to 0.0033 at a
    right end, with unknown metal before the object mostly by more, and that end is worse. `cached_stop` is that of the
    cached views, which lead the way; rendered views then take the rest of `rendered_stop`'s steps.
    """

    least_presence: float = 0.1
    edge_stop: Stop = Stop(most_steps=12, settled_errors=1.0)
    opaque_stop: Stop = Stop(most_steps=12, settled_errors=0.2)
    edge_prior_share: float = 0.03
    cluttered_below: float = 0.62
    clutter_presence: float = 0.5
    disagrees: float = 0.005
    clutter_prior_share: float = 0.003
    cached_stop: Stop = Stop(most_steps=4, settled_errors=1.0)
    rendered_stop: Stop = Stop(most_steps=10, settled_errors=1.0, least_steps=2, worse=1e-3)
    body_stop: Stop = Stop(most_steps=3, settled_errors=1.0)
    body_prior_share: float = 0.1


REFINEMENT = RefinementSettings()


@dataclass(frozen=True, slots=True, eq=False)
class ClutterInputs:
    """What a refinement in clutter needs: the frame as it came, what renders the object, its box's corners (8, 3).

    `unused` is where edges are not compared (`EdgeCost`).
    """

    exposure: Exposure
    renderer: AbstractRenderer
    corners_mm: Points
    unused: Float32 | None = None


def refine_by_edges(
    frame: Float32,
    camera: Camera,
    estimate: PoseEstimate,
    atlas: AbstractAtlas,
    settings: RefinementSettings = REFINEMENT,
    unused: Float32 | None = None,
) -> PoseEstimate:
    """Return an estimate whose pose is aligned by the edges of the frame (rows, columns) of line integrals.

    Where `unused` is over 0 none is compared.

    Its regression is that of edges and networks together, with the networks' presence. Where the edges agree less with
    the aligned pose than with the one before, or nothing is to be seen, the estimate is returned as it is.
    """
    if estimate.regression.presence[0] < settings.least_presence:
        return estimate
    cost = EdgeCost(frame, camera, atlas, unused=unused)
    return _take_solution(estimate, _minimise_edges(cost, estimate, settings), atlas)


@dataclass(frozen=True, slots=True, eq=False)
class EdgeEnd:
    """An estimate that is `aligned` by the edges, after the networks' that was `believed`.

    Where most of the window is not the object, `look_at_all` goes on: then `cost` is that of the edges, which must
    agree by `least` with where it ends.
    """

    believed: PoseEstimate
    aligned: PoseEstimate
    cost: EdgeCost | None = None
    least: float = 0.0


def align_in_clutter(
    frame: Float32,
    camera: Camera,
    estimate: PoseEstimate,
    atlas: AbstractAtlas,
    unused: Float32 | None = None,
    settings: RefinementSettings = REFINEMENT,
) -> EdgeEnd:
    """Return an estimate aligned by the edges as `refine_by_edges` does it, and whether `look_at_all` would go on."""
    presence = estimate.regression.presence[0]
    if presence < settings.least_presence:
        return EdgeEnd(estimate, estimate)
    cost = EdgeCost(frame, camera, atlas, unused=unused)
    solution = _minimise_edges(cost, estimate, settings)
    aligned = _take_solution(estimate, solution, atlas)
    if not solution.improved or cost.overall >= settings.cluttered_below or presence < settings.clutter_presence:
        return EdgeEnd(estimate, aligned)
    return EdgeEnd(estimate, aligned, cost, solution.equations.agreement - settings.disagrees)


def look_at_all(
    end: EdgeEnd, atlas: AbstractAtlas, inputs: ClutterInputs, settings: RefinementSettings = REFINEMENT
) -> PoseEstimate:
    """Return an estimate aligned by all of the window in clutter; elsewhere that which the edges aligned."""
    if end.cost is None:
        return end.aligned
    moved = _minimise_correlation(end.aligned, end.believed, atlas, inputs, settings)
    return moved if end.cost.agreement_at(moved.camera_from_volume) >= end.least else end.aligned


def refine_in_clutter(
    frame: Float32,
    camera: Camera,
    estimate: PoseEstimate,
    atlas: AbstractAtlas,
    inputs: ClutterInputs,
    settings: RefinementSettings = REFINEMENT,
) -> PoseEstimate:
    """Return an estimate aligned by the edges and, in a window most of which is not the object, by all of the window.

    It is for an object that is alone as far as is known: what crosses the object then is told from it by no weights.
    """
    end = align_in_clutter(frame, camera, estimate, atlas, inputs.unused, settings)
    return look_at_all(end, atlas, inputs, settings)


def refine_in_body(
    frame: Float32,
    camera: Camera,
    estimate: PoseEstimate,
    atlas: AbstractAtlas,
    renderers: BodyRenderers,
    settings: RefinementSettings = REFINEMENT,
) -> tuple[PoseEstimate, float | None]:
    """Return an estimate whose pose fits the frame with the body at a pose of its own, and the edge similarity there.

    The regression is that of pixels and networks together. Its presence is the networks', less where the object has not
    the contrast expected of it beside the body. Where both pictures fit the frame less well than before, the pose stays
    as it is. Where the object is not seen, everything does, and no edge similarity is returned.
    """
    presence = estimate.regression.presence
    if presence[0] < settings.least_presence:
        return estimate, None
    cost = TwoBodyCost(frame, camera, atlas, renderers)
    prior = _network_prior(estimate, settings.body_prior_share)
    solution = minimise(cost, estimate.camera_from_volume, prior, settings.body_stop)
    if not solution.improved:
        seen = replace(estimate.regression, presence=cost.visible_shares[0] * presence)
        return replace(estimate, regression=seen), cost.edge_similarity(0)
    return _move_estimate(estimate, solution, atlas, cost.visible_shares[-1] * presence), cost.edge_similarity(-1)


def go_on(cost: AbstractCost, first: Solution, prior: Prior, stop: Stop) -> Solution:
    """Return a solution after further steps; it has improved if the pictures agree no less than before all steps."""
    last = minimise(cost, first.pose, prior, stop)
    agreements = (*first.agreements, *last.agreements)
    return replace(last, agreements=agreements, improved=not agreements[-1] < agreements[0])


def regression_of(step: NewtonStep, presence: np.ndarray) -> Regression:
    """Return a refinement's last step as a regression (batch of one) with a presence (1,)."""
    sigmas = np.sqrt(np.diag(np.linalg.inv(step.information)))
    return Regression(step.parameters[None], sigmas[None], step.information[None], presence)


def _minimise_edges(cost: EdgeCost, estimate: PoseEstimate, settings: RefinementSettings) -> Solution:
    prior = _network_prior(estimate, settings.edge_prior_share)
    first = minimise(cost, estimate.camera_from_volume, prior, settings.edge_stop)
    return go_on(cost, first, prior, settings.opaque_stop) if cost.is_opaque else first


def _minimise_correlation(
    aligned: PoseEstimate,
    believed: PoseEstimate,
    atlas: AbstractAtlas,
    inputs: ClutterInputs,
    settings: RefinementSettings,
) -> PoseEstimate:
    """Return an `aligned` estimate moved to where frame and view correlate best; `believed` is the networks'."""
    window = window_around(inputs.exposure, inputs.corners_mm, aligned.camera_from_volume, atlas)
    if window is None:
        return aligned
    prior = _network_prior(believed, settings.clutter_prior_share)
    led = minimise(GradientCorrelationCost(window, atlas), aligned.camera_from_volume, prior, settings.cached_stop)
    stop = replace(settings.rendered_stop, most_steps=settings.rendered_stop.most_steps - led.steps)
    cost = GradientCorrelationCost(window, atlas, inputs.renderer)
    return _take_solution(aligned, minimise(cost, led.pose, prior, stop), atlas)


def _network_prior(estimate: PoseEstimate, share: float) -> Prior:
    """Return what the networks believe, at a share of their information."""
    return Prior(share * estimate.regression.information[0], estimate.camera_from_volume)


def _take_solution(estimate: PoseEstimate, solution: Solution, atlas: AbstractAtlas) -> PoseEstimate:
    """Return an estimate at the end of a refinement, or as it was where the pictures agree less there."""
    return _move_estimate(estimate, solution, atlas, estimate.regression.presence) if solution.improved else estimate


def _move_estimate(
    estimate: PoseEstimate, solution: Solution, atlas: AbstractAtlas, presence: np.ndarray
) -> PoseEstimate:
    moved = motion_between(solution.before, solution.pose, atlas.view.centre_mm)
    regression = regression_of(solution.step, presence)
    return replace(estimate, camera_from_volume=solution.pose, regression=regression, moved=moved)
