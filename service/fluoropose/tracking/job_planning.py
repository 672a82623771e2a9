"""How a session makes jobs: of the waiting frames of one instant, and of searches beside them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fluoropose.tracking.jobs import CameraFrame, Job, ObjectTask, ReceivedFrame
from fluoropose.tracking.pairing import PartnerBuffer, select_instant
from fluoropose.tracking.session_settings import SessionSettings
from fluoropose.tracking.tracked_object import TrackedObject

__all__ = ["keep_decoded_frames", "plan_job", "plan_search"]

_LATE_S = 0.3
"""A frame older than the last answered one by less than this came late; if it is older by more, its clock was set."""


def plan_job(
    waiting: Mapping[str, ReceivedFrame],
    partner_buffer: PartnerBuffer,
    settings: SessionSettings,
    objects: Mapping[str, TrackedObject],
) -> Job:
    """Return the job on the waiting frames that are of one instant, in the order of the session's cameras.

    Objects that must be searched for are left out of the job unless all of them must be.
    """
    tolerance_s = settings.tolerance_ms / 1e3
    frames = select_instant(waiting.values(), tolerance_s)
    kept = partner_buffer.partners(frames, tolerance_s)
    new = [CameraFrame(one, settings.cameras[one.camera].place(one.camera_from_world)) for one in frames]
    order = list(settings.cameras)
    camera_frames = sorted([*new, *kept], key=lambda camera_frame: order.index(camera_frame.frame.camera))
    moment_s = max(frame.moment_s for frame in frames)
    followed = [one for one in objects.values() if not one.tracker.needs_search] or list(objects.values())
    late = len(order) > 1 and followed[0].tracker.is_late(moment_s, _LATE_S)
    again = bool(kept) or late
    tasks = tuple(ObjectTask(one, one.tracker.plan(moment_s, again)) for one in followed)
    return Job(tuple(camera_frames), settings, tasks, moment_s, again)


def keep_decoded_frames(job: Job, decoded: Mapping[int, Any]) -> Job:
    """Return a job that is done, with only the frames that were decoded and their pixels, all marked as kept."""
    camera_frames = [
        replace(camera_frame, frame=replace(camera_frame.frame, payload=decoded[camera_frame.frame.ticket]), kept=True)
        for camera_frame in job.camera_frames
        if camera_frame.frame.ticket in decoded
    ]
    return replace(job, camera_frames=tuple(camera_frames))


def plan_search(job: Job, objects: Mapping[str, TrackedObject]) -> Job:
    """Return the job that searches for the objects that need it, in the frames of a job that is done.

    The other objects are in it too, because their line integrals are subtracted from the frames.
    """
    tasks = tuple(ObjectTask(one, one.tracker.plan(job.moment_s, again=True)) for one in objects.values())
    return replace(job, tasks=tasks, again=True, is_search=True)
