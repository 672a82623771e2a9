"""What is done for one object of several in a frame, turn by turn, in pictures that its neighbours are taken out of.

With one view an object is regressed coarsely, then regressed finely, then refined, each time in the picture as it is
known by then. Several views are registered jointly at once, as they are without other objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.registration.assessment import SURE, Status
from fluoropose.registration.overlapped import assess_overlapped, corner_error_mm
from fluoropose.registration.pipeline import (
    assess_refined,
    estimate_object,
    estimate_of,
    refine,
    regress,
    regress_coarsely,
    surer_of,
)
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.regression.schedule import (
    REPEATED_SCHEDULE,
    TRACKING_SCHEDULE,
    CoarseEnd,
    Schedule,
    fine_steps,
)
from fluoropose.registration.result import AssessedPose, ObjectEstimate

__all__ = [
    "MULTI_OBJECT",
    "MultiObjectSettings",
    "ObjectTask",
    "assess_beside_others",
    "finish_object",
    "is_seen",
    "is_sure",
    "regress_object",
    "regress_object_coarsely",
]


@dataclass(frozen=True, slots=True)
class MultiObjectSettings:
    """When an object of several is believed, looked for anew, and in which turn.

    `seen_presence` is the presence of the last coarse step from which an object counts as seen there, `missed_presence`
    that below which networks that followed it by the short schedule say that it is not near.

    An object that was found nearer than `still_share` (of the field), `still_depth_share` (of the range) and
    `still_rad` to where it was believed to be projects what was taken out: a third of a canonical pixel. An object that
    is not surely found starts anew if what the others project proves to differ from what was taken out by derivatives
    of more than the share `disturbed` of its own.

    Objects with less exposure than `exposed` (`Overlap.exposure`), and in any case the `first_count` least exposed, are
    regressed in the first turn. Of the others those with more than `most_exposed` wait for the last. On simulated
    frames the knee component has an exposure of 0.2 to 0.4, plates over it 0.5 to 1.8, and probes behind it 1.6 to 3.3:
    hardly one of these is found before the last turn.
    """

    seen_presence: float = SURE
    missed_presence: float = SURE
    still_share: float = 0.002
    still_depth_share: float = 0.005
    still_rad: float = 0.01
    disturbed: float = 0.2
    first_count: int = 2
    exposed: float = 1.0
    most_exposed: float = 1.6


MULTI_OBJECT = MultiObjectSettings()


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTask:
    """One object of a frame: its plan, the schedule of rough starts, its prepared views, and the settings."""

    plan: Plan
    schedule: Schedule
    views: Sequence[PreparedView]
    settings: MultiObjectSettings

    @property
    def is_rough(self) -> bool:
        """Whether it is looked for in one view from a rough start, which coarse steps may bring near first."""
        return len(self.views) == 1 and self.plan.start is not None and not self.plan.nearby

    @property
    def is_followed(self) -> bool:
        """Whether it is looked for in one view from a start, rough or near."""
        return len(self.views) == 1 and self.plan.start is not None

    def views_of(self, images: Sequence[Float32]) -> list[PreparedView]:
        """Return its views with other pictures."""
        return [view.with_image(image) for view, image in zip(self.views, images, strict=True)]

    def start_in(self, view: PreparedView) -> Mat44:
        """Return the start of its plan as camera_from_volume."""
        if self.plan.start is None:
            raise AssertionError("expected an object with a start, got none")
        return view.camera_from_volume(self.plan.start)


def is_sure(estimate: ObjectEstimate | None) -> bool:
    """Tell whether an object was surely found."""
    return estimate is not None and estimate.assessment.status is Status.TRACKING


def is_seen(task: ObjectTask, coarse: CoarseEnd) -> bool:
    """Tell whether the last coarse step saw the object at its pose; a step far from the object seldom does."""
    return coarse.presence >= task.settings.seen_presence


def regress_object_coarsely(task: ObjectTask, images: Sequence[Float32]) -> CoarseEnd:
    """Return where the coarse steps lead an object that `is_rough`."""
    (view,) = task.views_of(images)
    return regress_coarsely(view, task.start_in(view), task.schedule)


def regress_object(
    task: ObjectTask, images: Sequence[Float32], coarse: CoarseEnd | None, disturbed: bool
) -> ObjectEstimate:
    """Find an object as planned, in one view not yet refined; go on from its coarse steps if it was seen there.

    If the picture has been `disturbed` since, the object starts anew where it was not seen, or where it is not surely
    found from there.
    """
    views = task.views_of(images)
    if not task.is_followed:
        return estimate_object(views, task.plan, task.schedule)
    (view,) = views
    schedule = TRACKING_SCHEDULE if task.plan.nearby else task.schedule
    if coarse is None:
        return estimate_of(view, _regress_and_assess(view, task.start_in(view), schedule))
    first: AssessedPose | None = None
    if is_seen(task, coarse) or not disturbed:
        first = _regress_and_assess(view, coarse.pose, fine_steps(schedule))
        spent_ns = first.estimate.regress_ns + coarse.regress_ns
        first = replace(first, estimate=replace(first.estimate, regress_ns=spent_ns))
        if not disturbed or first.assessment.status is Status.TRACKING:
            return estimate_of(view, first)
    again = _regress_and_assess(view, task.start_in(view), schedule)
    return estimate_of(view, again if first is None else surer_of(first, again))


def finish_object(
    task: ObjectTask, images: Sequence[Float32], estimate: ObjectEstimate | None, disturbed: bool
) -> ObjectEstimate:
    """Return the estimate of an object in the picture as it is in the end; None: it was not yet looked for.

    An object that was surely found is refined there. One that was not starts anew if the picture has been `disturbed`
    since, or if it was followed by the short schedule only and its networks themselves say that it is not near.
    """
    views = task.views_of(images)
    if not task.is_followed:
        return estimate if estimate is not None and not disturbed else _register_again(task, views, estimate)
    (view,) = views
    if estimate is None:
        return estimate_of(view, _follow(view, task.start_in(view), task.schedule))
    first = estimate.poses[0]
    if not is_sure(estimate):
        missed = task.plan.nearby and first.estimate.regression.presence[0] < task.settings.missed_presence
        if missed or disturbed:
            schedule = TRACKING_SCHEDULE if task.plan.nearby and not missed else task.schedule
            again = _follow(view, task.start_in(view), schedule)
            better = surer_of(first, again)
            if better.assessment is again.assessment:
                return estimate_of(view, better)
            first = better
    return estimate_of(view, refine(view, first.estimate, alone=False))


def assess_beside_others(task: ObjectTask, estimate: ObjectEstimate) -> ObjectEstimate:
    """Return an estimate that is as sure as it can be where other objects lie."""
    if not is_sure(estimate):
        return estimate
    view, case = task.views[0], task.views[0].resident.case
    place = np.eye(4) if view.at_origin else view.calibrated.camera_from_world
    pose = estimate.poses[0].estimate.camera_from_volume
    error_mm = corner_error_mm(estimate.information, place, pose, case.corners_mm, case.atlas.view.centre_mm)
    return replace(estimate, assessment=assess_overlapped(estimate.assessment, error_mm, case.size_mm))


def _regress_and_assess(view: PreparedView, start: Mat44, schedule: Schedule) -> AssessedPose:
    """Follow a schedule and assess its end unrefined; in a body, where only a refinement tells, refined."""
    regressed = regress(view, start, schedule)
    if view.resident.body_renderers is not None:
        return refine(view, regressed, alone=False)
    return assess_refined(view, regressed)


def _follow(view: PreparedView, start: Mat44, schedule: Schedule) -> AssessedPose:
    """Regress by a schedule from a start, refine beside other objects, assess."""
    return refine(view, regress(view, start, schedule), alone=False)


def _register_again(task: ObjectTask, views: Sequence[PreparedView], estimate: ObjectEstimate | None) -> ObjectEstimate:
    """Register several views again, or search again: from where the object was surely found, else as planned."""
    plan, schedule = task.plan, task.schedule
    if estimate is not None and is_sure(estimate):
        plan, schedule = Plan(estimate.world_from_volume, nearby=True), REPEATED_SCHEDULE
    again = estimate_object(views, plan, schedule)
    if estimate is None:
        return again
    both_sure = is_sure(estimate) and is_sure(again)
    kept = again if both_sure or again.assessment.confidence >= estimate.assessment.confidence else estimate
    tries = zip(kept.poses, estimate.poses, again.poses, strict=True)
    poses = tuple(replace(k, estimate=k.estimate.with_times_of(a.estimate, b.estimate)) for k, a, b in tries)
    return replace(kept, poses=poses)
