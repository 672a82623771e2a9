"""A recorded trial, instant by instant: each object from where it was, all views of an instant together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fluoropose.arrays import Mat44
from fluoropose.registration.assessment import Status
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.prepared_view import Pictures
from fluoropose.registration.reasons import VIEW_NOT_CACHED
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.tracking.tracker import Tracker

__all__ = ["TrialObject", "follow_instant", "skip_instant"]

_AHEAD_S = 0.5
"""So long a trial waits for views that are rendered ahead of an object."""


@dataclass(frozen=True, slots=True, eq=False)
class TrialObject:
    """An object of a trial and its track."""

    resident: ResidentCase
    tracker: Tracker

    @classmethod
    def begin(cls, resident: ResidentCase, start: Mat44 | None) -> "TrialObject":
        """Begin to follow an object at world_from_volume, or with a search."""
        return cls(resident, Tracker(start, resident.case.atlas.view.centre_mm))


def follow_instant(
    objects: Sequence[TrialObject], views: Sequence[FrameView], captured_s: float, pictures: Pictures | None = None
) -> tuple[Registration, ...]:
    """Register all objects in the views of one instant and move their tracks on.

    `pictures` are the views' line integrals, if they are made already (`registration.prepared_view.shared_pictures`).

    Raises
    ------
    InputError, GeometryError, FrameError
        As `register_objects`.
    """
    residents = [one.resident for one in objects]
    for one in objects:
        one.resident.atlas.wait_until_ahead(_AHEAD_S)
    plans = [one.tracker.plan(captured_s) for one in objects]
    found = [_not_late(one) for one in register_objects(residents, views, plans, pictures=pictures)]
    first = views[0].placed
    axes = None if first.at_origin else first.camera_from_world[:3, :3]
    for one, plan, result in zip(objects, plans, found, strict=True):
        one.tracker.receive(result.world_from_volume, result.assessment.status, captured_s, plan, axes=axes)
    return tuple(found)


def _not_late(found: Registration) -> Registration:
    """Return a registration without the doubt that its frame had to wait for views: nobody waits for a recorded one."""
    if found.assessment.reason != VIEW_NOT_CACHED:
        return found
    return replace(found, assessment=replace(found.assessment, status=Status.TRACKING, reason="", reason_text=""))


def skip_instant(one: TrialObject, world_from_volume: Mat44, status: Status, captured_s: float) -> None:
    """Move a track on by what was found in an instant before, without registering it again."""
    one.tracker.receive(world_from_volume, status, captured_s, one.tracker.plan(captured_s))
