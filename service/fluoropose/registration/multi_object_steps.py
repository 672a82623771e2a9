"""What is done for one object of several in a frame, turn by turn, in pictures that its neighbours are taken out of.

With one view an object is approached (coarse steps), found (fine steps) and finished (aligned by the edges), each time
in the picture as it is known by then. Several views are registered jointly at once, as they are alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.registration.assessment import SURE, Status, assess_overlapped, corner_error_mm
from fluoropose.registration.multi_view import answered
from fluoropose.registration.object_estimate import ObjectEstimate, answer_of
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, TRACKING_SCHEDULE, Approach, Schedule
from fluoropose.registration.result import AssessedPose, times_of_both

__all__ = ["Item", "approached", "doubted_among_others", "finished", "is_seen", "is_sure", "looked_for"]

_LAST_TURN: Schedule = DEFAULT_SCHEDULE[-4:]
"""Once more for an object that was surely found in several views: only its neighbours' shadows have moved."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One object of a frame: its plan, the schedule of rough starts, and its prepared views."""

    plan: Plan
    schedule: Schedule
    views: Sequence[PreparedView]

    @property
    def is_rough(self) -> bool:
        """Whether it is looked for in one view from a rough start, which may be approached before it is found."""
        return len(self.views) == 1 and self.plan.start is not None and not self.plan.nearby

    def seen_in(self, images: Sequence[Float32]) -> list[PreparedView]:
        """Return its views with other pictures."""
        return [replace(view, image=image) for view, image in zip(self.views, images, strict=True)]


def is_sure(answer: ObjectEstimate | None) -> bool:
    """Tell whether an object was surely found."""
    return answer is not None and answer.assessment.status is Status.TRACKING


def is_seen(begun: Approach) -> bool:
    """Tell whether the last coarse step saw the object there. Of those that end far off it seldom does."""
    return begun.presence >= SURE


def approached(item: Item, images: Sequence[Float32]) -> Approach:
    """Return where the coarse steps lead an object that `is_rough`."""
    (view,), (image,) = item.views, images
    return view.resident.approach(image, _start(item, view), view.sight.camera, item.schedule)


def looked_for(item: Item, images: Sequence[Float32], begun: Approach | None, disturbed: bool) -> ObjectEstimate:
    """Find an object as planned, in one view not yet aligned; on from where it was approached if it was seen there.

    If the picture has been `disturbed` since, it starts anew where it was not seen, or is not surely found from there.
    """
    if len(item.views) > 1 or item.plan.start is None:
        return answered(item.seen_in(images), item.plan, item.schedule)
    (view,), (image,) = item.views, images
    schedule = TRACKING_SCHEDULE if item.plan.nearby else item.schedule
    if begun is None:
        return answer_of(view, _sought(view, image, _start(item, view), schedule))
    first: AssessedPose | None = None
    if is_seen(begun) or not disturbed:
        fine = tuple(step for step in schedule if step[0] == "fine")
        first = _sought(view, image, begun.camera_from_volume, fine)
        spent_ns = first.finding.regress_ns + begun.regress_ns
        first = replace(first, finding=replace(first.finding, regress_ns=spent_ns))
        if not disturbed or first.assessment.status is Status.TRACKING:
            return answer_of(view, first)
    again = _sought(view, image, _start(item, view), schedule)
    return answer_of(view, again if first is None else _surer(first, again))


def finished(item: Item, images: Sequence[Float32], answer: ObjectEstimate | None, disturbed: bool) -> ObjectEstimate:
    """Return the answer on an object in the picture as it is in the end; None: it was not yet looked for.

    One that was surely found is aligned there. One that was not starts anew if the picture has been `disturbed` since,
    or if it was followed by the short schedule only and its networks themselves say that it is not near.
    """
    if len(item.views) > 1 or item.plan.start is None:
        return answer if answer is not None and not disturbed else _once_more(item, images, answer)
    (view,), (image,) = item.views, images
    if answer is None:
        return answer_of(view, _followed(view, image, _start(item, view), item.schedule))
    first = answer.found[0]
    if not is_sure(answer):
        missed = item.plan.nearby and first.finding.regression.presence[0] < SURE
        if missed or disturbed:
            schedule = TRACKING_SCHEDULE if item.plan.nearby and not missed else item.schedule
            again = _followed(view, image, _start(item, view), schedule)
            better = _surer(first, again)
            if better.assessment is again.assessment:
                return answer_of(view, better)
            first = better
    return answer_of(view, view.resident.settled(image, view.sight.camera, first.finding))


def doubted_among_others(item: Item, answer: ObjectEstimate) -> ObjectEstimate:
    """Return an answer as sure as it can be where other objects lie."""
    if not is_sure(answer):
        return answer
    view, case = item.views[0], item.views[0].resident.case
    place = np.eye(4) if view.at_origin else view.sight.camera_from_world
    pose = answer.found[0].finding.camera_from_volume
    error_mm = corner_error_mm(answer.information, place, pose, case.corners_mm, case.atlas.view.centre_mm)
    return replace(answer, assessment=assess_overlapped(answer.assessment, error_mm, case.size_mm))


def _start(item: Item, view: PreparedView) -> Mat44:
    if item.plan.start is None:
        raise AssertionError("expected an object with a start")
    return view.local(item.plan.start)


def _sought(view: PreparedView, image: Float32, start: Mat44, schedule: Schedule) -> AssessedPose:
    """Follow a schedule and judge its end, without aligning it."""
    finding = view.resident.seek(image, start, view.sight.camera, schedule)
    return view.resident.judged(image, view.sight.camera, finding)


def _followed(view: PreparedView, image: Float32, start: Mat44, schedule: Schedule) -> AssessedPose:
    return view.resident.follow(image, start, view.sight.camera, schedule)


def _surer(first: AssessedPose, second: AssessedPose) -> AssessedPose:
    """Return the second try unless the first is surer, with the time of both."""
    kept = second if second.assessment.confidence >= first.assessment.confidence else first
    return replace(kept, finding=times_of_both(kept.finding, first.finding, second.finding))


def _once_more(item: Item, images: Sequence[Float32], answer: ObjectEstimate | None) -> ObjectEstimate:
    """Register several views again, or search again: from where the object was surely found, else as planned."""
    plan, schedule = item.plan, item.schedule
    if answer is not None and is_sure(answer):
        plan, schedule = Plan(answer.world_from_volume, nearby=True), _LAST_TURN
    again = answered(item.seen_in(images), plan, schedule)
    if answer is None:
        return again
    both_sure = is_sure(answer) and is_sure(again)
    kept = again if both_sure or again.assessment.confidence >= answer.assessment.confidence else answer
    tries = zip(kept.found, answer.found, again.found, strict=True)
    return replace(
        kept, found=tuple(replace(k, finding=times_of_both(k.finding, a.finding, b.finding)) for k, a, b in tries)
    )
