"""The whole way of a frame: initialise, regress, refine, assess.

    register          one object in the views of one instant
      prepare_views     pixels become line integrals                                  `registration.prepared_view`
      estimate_in_view  one view, start by start, until an end is sure
        search            initialise: starts from the whole frame                     `initialization.global_search`
        regress           the networks follow a schedule from a start                 `regression.schedule`
        refine            Gauss-Newton on edges, correlation or two bodies            `refinement.sequence`
        assess_refined    status, confidence, expected errors                         `registration.assessment`
      estimate_views    several views, the same steps in the world                    `registration.multi_view`

Everything here is a function over a resident case's data and the stepper that is injected into it. Several objects in
a frame are `registration.multi_object`. Lengths in mm, angles in rad, times in ns.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from fluoropose.arrays import Mat44
from fluoropose.registration.assessment import (
    Status,
    assess_doubtful,
    assess_in_frame,
    assess_waiting,
    world_information,
)
from fluoropose.registration.evidence import judged_registration
from fluoropose.registration.explanation import explain
from fluoropose.registration.initialization.global_search import candidate_poses
from fluoropose.registration.initialization.start_search import WIDER_SEARCH, StartMatches, StartSearch
from fluoropose.registration.mirrored import is_beyond_doubt, looks_mirrored
from fluoropose.registration.multi_view import OneViewSteps, estimate_views
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import Pictures, PreparedView, prepare_views
from fluoropose.registration.reasons import LOOKS_MIRRORED
from fluoropose.registration.refinement.sequence import (
    ClutterInputs,
    align_in_clutter,
    look_at_all,
    refine_by_edges,
    refine_in_body,
    refine_in_clutter,
)
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.regression.schedule import (
    DEFAULT_SCHEDULE,
    SEARCHED_SCHEDULE,
    TRACKING_SCHEDULE,
    CoarseEnd,
    PoseEstimate,
    Schedule,
    ViewRegression,
    fine_steps,
    follow_coarse,
    follow_schedule,
    pose_estimate,
)
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import (
    AssessedPose,
    FrameView,
    ObjectEstimate,
    Registration,
)
from fluoropose.registration.rivals import (
    TriedEnd,
    best_end,
    has_settled,
    is_confirmed,
    is_doubtful,
    is_taken,
    tried_end,
)

__all__ = [
    "assess_refined",
    "doubt_mirrored",
    "estimate_in_view",
    "estimate_object",
    "estimate_of",
    "follow",
    "refine",
    "register",
    "regress",
    "regress_coarsely",
    "say_waiting",
    "search",
    "search_about",
    "surer_of",
]


def register(
    resident: ResidentCase,
    views: Sequence[FrameView],
    plan: Plan,
    schedule: Schedule = DEFAULT_SCHEDULE,
    pictures: Pictures | None = None,
) -> Registration:
    """Find an object in the views of one instant; `plan.start` is world_from_volume.

    Parameters
    ----------
    resident : the case's data and the stepper of its networks
    views : the frames with their cameras; one alone needs no place in the world
    plan : from where the object is looked for
    schedule : the networks' steps from a rough start
    pictures : the views' line integrals, if they are made already (`shared_pictures`)

    Notes
    -----
    A view that is useless, or contradicts the others, is left out of the answer, and its report says why.

    Raises
    ------
    InputError, GeometryError, FrameError
        As `prepare_views`.
    """
    began = resident.clock()
    prepared = prepare_views(resident, views, {} if pictures is None else pictures)
    ready = resident.clock()
    estimate = say_waiting(prepared, plan, estimate_object(prepared, plan, schedule))
    found = resident.clock()
    if len(prepared) == 1 and not plan.nearby:
        estimate = doubt_mirrored(prepared[0], estimate)

    if estimate.assessment.lacks_reason:

        def try_frames(others: Sequence[FrameView], plan: Plan) -> ObjectEstimate:
            return estimate_object(prepare_views(resident, others, {}), plan, schedule)

        estimate = explain(prepared, plan, estimate, try_frames)
    return judged_registration(
        prepared,
        views,
        estimate,
        searched=plan.start is None,
        preprocess_ns=ready - began,
        found_ns=found,
        before_ns=found - began,
    )


def doubt_mirrored(view: PreparedView, estimate: ObjectEstimate) -> ObjectEstimate:
    """Return the estimate of a first pose that is not sure if the frame, mirrored, shows the object better.

    Only a pose that is not beyond doubt is looked at, and only of an object alone: a body is no mirror image of itself.
    """
    (found,) = estimate.poses
    sure = estimate.assessment.status is Status.TRACKING
    if not sure or is_beyond_doubt(found) or view.atlas.has_surroundings:
        return estimate
    if not looks_mirrored(view, found, lambda other, start: follow(other, start, DEFAULT_SCHEDULE)):
        return estimate
    return replace(estimate, assessment=assess_doubtful(estimate.assessment, LOOKS_MIRRORED))


def estimate_object(views: Sequence[PreparedView], plan: Plan, schedule: Schedule = DEFAULT_SCHEDULE) -> ObjectEstimate:
    """Find an object in prepared views as planned."""
    if len(views) == 1:
        return estimate_in_view(views[0], plan, schedule)
    return estimate_views(views, plan, schedule, OneViewSteps(estimate_in_view, search))


def estimate_in_view(view: PreparedView, plan: Plan, schedule: Schedule = DEFAULT_SCHEDULE) -> ObjectEstimate:
    """Find an object in one prepared view as planned: near a pose, from a rough start (by `schedule`), or anywhere."""
    if plan.start is None:
        return estimate_of(view, search(view))
    start = view.camera_from_volume(plan.start)
    if not plan.nearby:
        view.atlas.look_ahead(start)
    return estimate_of(view, _find(view, start, plan.nearby, schedule))


def _find(view: PreparedView, start: Mat44, nearby: bool, schedule: Schedule) -> AssessedPose:
    """Find an object from a start; where the short schedule does not surely find one `nearby`, follow the whole one."""
    if not nearby:
        return _find_about(view, start, schedule)
    found = follow(view, start, TRACKING_SCHEDULE)
    if found.assessment.status is Status.TRACKING:
        return found
    found = surer_of(found, follow(view, start, DEFAULT_SCHEDULE))
    return found if found.assessment.status is not Status.LOST else search_about(view, start, found)


def _find_about(view: PreparedView, start: Mat44, schedule: Schedule) -> AssessedPose:
    """Find an object from a rough start; where what the networks found may have a rival, search about the start."""
    end = _try(view, start, schedule)
    if is_taken(view, end, start):
        return _finish(view, end).found
    return _best_about(view, start, end)


def search_about(view: PreparedView, start: Mat44, found: AssessedPose) -> AssessedPose:
    """Follow the views about a start that look like the frame; return the end most like it, `found` among them."""
    return _best_about(view, start, tried_end(view, found))


def _best_about(view: PreparedView, start: Mat44, first: TriedEnd) -> AssessedPose:
    """Follow the views about a start that look like the frame; return the end most like it, `first` among them.

    No view is followed if the one most like the frame lies where `first` does and that is likely, or no other direction
    is nearly as much like it. Where none looks much like it, the search goes farther about, and the fine network takes
    the views as they are: in a body a coarse step may lead away from the right one.
    """
    ends, finish = [first], partial(_finish, view)
    for settings, schedule in ((StartSearch(), SEARCHED_SCHEDULE), (WIDER_SEARCH, fine_steps(SEARCHED_SCHEDULE))):
        began = view.resident.clock()
        matches = StartMatches(view.image, view.camera, view.atlas, start, view.resident.templates, settings)
        confirmed = is_confirmed(view, ends[0], matches.best, matches.lead)
        candidates = [] if confirmed else matches.candidates()
        ends[0] = _with_regress_ns(ends[0], view.resident.clock() - began)
        for candidate in candidates:
            ends.append(_try(view, candidate, schedule))
            if has_settled(view, ends):
                return best_end(view, ends, finish)
        if not all(is_doubtful(view, end) for end in ends):
            break
    return best_end(view, ends, finish)


def search(view: PreparedView) -> AssessedPose:
    """Search the whole frame: follow its likely poses until one end is beyond doubt, and return the most alike.

    Where none looks much like the frame, the best end is searched about.
    """
    ends: list[TriedEnd] = []
    for start in candidate_poses(view.image, view.camera, view.atlas, view.resident.search_templates):
        ends.append(_try(view, start, DEFAULT_SCHEDULE))
        if has_settled(view, ends):
            return best_end(view, ends, partial(_finish, view))
    if not ends:
        raise AssertionError("expected candidates from the search, got none")
    best = best_end(view, ends, partial(_finish, view))
    if all(is_doubtful(view, end) for end in ends):
        return search_about(view, best.estimate.camera_from_volume, best)
    return best


def _try(view: PreparedView, start: Mat44, schedule: Schedule) -> TriedEnd:
    """Regress by a schedule from a start, and refine as far as ends are compared: `_finish` refines the one kept."""
    regressed = regress(view, start, schedule)
    resident, began = view.resident, view.resident.clock()
    if resident.body_renderers is not None:
        return _compared(view, refine(view, regressed))
    edges = align_in_clutter(view.image, view.camera, regressed, view.atlas, view.unused)
    found = assess_refined(view, edges.aligned.with_refine_ns(resident.clock() - began))
    return replace(_compared(view, found), edges=edges)


def _finish(view: PreparedView, end: TriedEnd) -> TriedEnd:
    """Refine an end as far as `refine` does it."""
    if end.edges is None or end.edges.cost is None:
        return end
    began = view.resident.clock()
    moved = look_at_all(end.edges, view.atlas, _clutter_inputs(view)).with_times_of(end.found.estimate)
    return _compared(view, assess_refined(view, moved.with_refine_ns(view.resident.clock() - began)))


def _compared(view: PreparedView, found: AssessedPose) -> TriedEnd:
    """Return an end with how much it looks like the frame; the time that this takes is counted."""
    began = view.resident.clock()
    end = tried_end(view, found)
    spent_ns = found.estimate.quality_ns + view.resident.clock() - began
    return replace(end, found=replace(found, estimate=replace(found.estimate, quality_ns=spent_ns)))


def follow(view: PreparedView, start: Mat44, schedule: Schedule) -> AssessedPose:
    """Regress by a schedule from a start, refine, assess."""
    return refine(view, regress(view, start, schedule))


def regress(view: PreparedView, start: Mat44, schedule: Schedule) -> PoseEstimate:
    """Follow a schedule of the networks. The stepper is locked for that only: a search lets other frames through."""
    resident = view.resident
    with resident.lock:
        resident.stepper.put_frames(view.image[None])
        regression = ViewRegression(resident.stepper, view.camera, view.atlas)
        return pose_estimate(follow_schedule(regression, start, schedule, resident.clock), view.atlas)


def regress_coarsely(view: PreparedView, start: Mat44, schedule: Schedule) -> CoarseEnd:
    """Follow a schedule's coarse steps only."""
    resident = view.resident
    with resident.lock:
        resident.stepper.put_frames(view.image[None])
        regression = ViewRegression(resident.stepper, view.camera, view.atlas)
        return follow_coarse(regression, start, schedule, resident.clock)


def refine(view: PreparedView, regressed: PoseEstimate, *, alone: bool = True) -> AssessedPose:
    """Refine what the networks found, and assess it.

    An object that is `alone`, as far as is known, is refined in clutter too. Beside others of known place it is not:
    what crosses the object is theirs, and no reason to take the window as it is.
    """
    resident, began = view.resident, view.resident.clock()
    similarity: float | None = None
    if resident.body_renderers is not None:
        refined, similarity = refine_in_body(view.image, view.camera, regressed, view.atlas, resident.body_renderers)
    elif alone:
        refined = refine_in_clutter(view.image, view.camera, regressed, view.atlas, _clutter_inputs(view))
    else:
        refined = refine_by_edges(view.image, view.camera, regressed, view.atlas, unused=view.unused)
    return assess_refined(view, refined.with_refine_ns(resident.clock() - began), similarity)


def _clutter_inputs(view: PreparedView) -> ClutterInputs:
    return ClutterInputs(view.exposure, view.resident.renderer, view.resident.case.corners_mm, view.unused)


def assess_refined(view: PreparedView, estimate: PoseEstimate, similarity: float | None = None) -> AssessedPose:
    """Assess an estimate as it is; the edge `similarity` is computed where it is not known yet."""
    began = view.resident.clock()
    alignment = align_view(estimate.camera_from_volume, view.camera, view.atlas)
    assessment, similarity = assess_in_frame(
        view.image, estimate, alignment, view.camera, view.atlas, similarity, view.hidden
    )
    if assessment.status is not Status.LOST:
        view.atlas.look_ahead(estimate.camera_from_volume)
    spent_ns = estimate.quality_ns + view.resident.clock() - began
    return AssessedPose(replace(estimate, quality_ns=spent_ns), assessment, similarity)


def say_waiting(views: Sequence[PreparedView], plan: Plan, estimate: ObjectEstimate) -> ObjectEstimate:
    """Return an estimate that says so where a tracked frame, of a view with a part in it, had to wait for pictures."""
    used = [view for view, reason in zip(views, estimate.reasons, strict=True) if not reason]
    waited = sum(view.atlas.waited for view in used) if plan.nearby else 0
    return replace(estimate, assessment=assess_waiting(estimate.assessment, waited))


def estimate_of(view: PreparedView, found: AssessedPose) -> ObjectEstimate:
    """Return what one view says as the estimate of an object in the world."""
    pose = view.world_from_volume(found.estimate.camera_from_volume)
    information = world_information(found.estimate, view.calibrated)
    return ObjectEstimate(pose, found.assessment, information, (found,), ("",))


def surer_of(first: AssessedPose, second: AssessedPose) -> AssessedPose:
    """Return the second try unless the first is surer, with the times of both."""
    kept = second if second.assessment.confidence >= first.assessment.confidence else first
    return _with_both_times(kept, first, second)


def _with_regress_ns(end: TriedEnd, spent_ns: int) -> TriedEnd:
    return replace(end, found=replace(end.found, estimate=end.found.estimate.with_regress_ns(spent_ns)))


def _with_both_times(kept: AssessedPose, first: AssessedPose, second: AssessedPose) -> AssessedPose:
    return replace(kept, estimate=kept.estimate.with_times_of(first.estimate, second.estimate))
