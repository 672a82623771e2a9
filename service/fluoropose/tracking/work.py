"""What a session gives to the device: frames of one instant, and searches beside them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fluoropose.tracking.jobs import Job, Offered, Sight, Task
from fluoropose.tracking.objects import Followed
from fluoropose.tracking.pairing import Keeper, together
from fluoropose.tracking.settings import SessionSettings

__all__ = ["job_of", "search_of", "to_search_in"]

_LATE_S = 0.3
"""A frame that is older than the last answered one by less came late; by more, its clock was set."""


def job_of(
    waiting: Mapping[str, Offered], keeper: Keeper, settings: SessionSettings, objects: Mapping[str, Followed]
) -> Job:
    """Return the work on the waiting frames that are of one instant, in the order of the session's cameras.

    Objects that must be searched for have no part in it while there are others to follow.
    """
    tolerance_s = settings.tolerance_ms / 1e3
    frames = together(waiting.values(), tolerance_s)
    kept = keeper.partners(frames, tolerance_s)
    new = [Sight(one, settings.cameras[one.camera].placed(one.camera_from_world)) for one in frames]
    order = list(settings.cameras)
    sights = sorted([*new, *kept], key=lambda sight: order.index(sight.frame.camera))
    moment_s = max(frame.moment_s for frame in frames)
    followed = [one for one in objects.values() if not one.tracker.searches] or list(objects.values())
    late = len(order) > 1 and followed[0].tracker.follows_on(moment_s, _LATE_S)
    again = bool(kept) or late
    tasks = tuple(Task(one, one.tracker.plan(moment_s, again)) for one in followed)
    return Job(tuple(sights), settings, tasks, moment_s, again)


def to_search_in(job: Job, decoded: Mapping[int, Any]) -> Job:
    """Return a job that was done with its frames, decoded, as if they had been kept."""
    sights = [
        replace(sight, frame=replace(sight.frame, payload=decoded[sight.frame.ticket]), kept=True)
        for sight in job.sights
        if sight.frame.ticket in decoded
    ]
    return replace(job, sights=tuple(sights))


def search_of(job: Job, objects: Mapping[str, Followed]) -> Job:
    """Return the search, in a job's frames, for what is to be searched for; the others tell what they cast over it."""
    tasks = tuple(Task(one, one.tracker.plan(job.moment_s, again=True)) for one in objects.values())
    return replace(job, tasks=tasks, again=True, aside=True)
