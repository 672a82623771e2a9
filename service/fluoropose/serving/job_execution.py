"""One job on a lane's thread: decode its frames, find the objects, smooth, make each frame's answer."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.errors import FluoroposeError, FrameError
from fluoropose.imaging.xray import check_frame
from fluoropose.registration.assessment import Status, expected_errors
from fluoropose.registration.result import FrameView, Registration
from fluoropose.serving.messages import DecodedFrame, FrameResult, ObjectResult, SmoothedPose
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import CameraFrame, Job, JobAnswers
from fluoropose.tracking.smoother import WindowPose
from fluoropose.tracking.tracked_object import Observation

__all__ = ["JobResult", "answered", "execute_job", "sighted"]


@dataclass(frozen=True, slots=True, eq=False)
class JobResult:
    """What came of a job: by case what the engine found and what the window says, by ticket what became of frames."""

    found: Mapping[str, Registration]
    smoothed: Mapping[str, WindowPose]
    views: Mapping[int, FrameView]
    failures: Mapping[int, FluoroposeError]
    timing_ms: dict[str, float]
    queue_ms: Mapping[int, float]


def execute_job(service: Service, job: Job, now_ns: int) -> JobResult:
    """Find a job's objects in its frames. A frame that cannot be used leaves its partner alone.

    Raises
    ------
    FluoroposeError
        If the objects cannot be looked for: their cases have gone, the device failed, a start is behind the source; or
        if the only frame cannot be used.
    """
    queue_ms = {frame.ticket: (now_ns - frame.arrived_ns) / 1e6 for frame in job.frames}
    began = time.perf_counter_ns()
    views, failures = _decoded(job)
    decoded = time.perf_counter_ns()
    found: Mapping[str, Registration] = {}
    if job.is_search or not _useless(job, failures):
        found, views, failures = _followed(service, job, views, failures)
    timing_ms = _timing(found, decoded - began, time.perf_counter_ns() - decoded)
    smoothed = {} if job.is_search else _smoothed(job, found)
    return JobResult(found, smoothed, views, failures, timing_ms, queue_ms)


def sighted(solved: JobResult, job: Job) -> dict[str, Observation]:
    """Return where the objects were found, for their tracks."""
    return {case: _sighting(one, job) for case, one in solved.found.items()}


def answered(
    solved: JobResult, service: Service, job: Job, cases: Sequence[str], followed: Sequence[str]
) -> JobAnswers:
    """Return what a session of `cases` is told of a job; the answers hold those that it `followed` ever since."""
    keeps = len(job.settings.cameras) > 1 or len(cases) > 1
    kept = {ticket: DecodedFrame(view.pixels) for ticket, view in solved.views.items()} if keeps else {}
    good = [sight for sight in job.camera_frames if not sight.kept and sight.frame.ticket not in solved.failures]
    there = [case for case in cases if case in followed and case in solved.found]
    missing = tuple(case for case in cases if case not in there)
    answers = {sight.frame.ticket: _answer(solved, service, job, sight, there, missing) for sight in good}
    return JobAnswers(sighted(solved, job), answers, kept, solved.failures)


def _decoded(job: Job) -> tuple[dict[int, FrameView], dict[int, FluoroposeError]]:
    views, failures = {}, {}
    for sight in job.camera_frames:
        try:
            pixels: NDArray[Any] = sight.frame.payload.pixels(sight.placed.camera)
        except FluoroposeError as error:
            failures[sight.frame.ticket] = error
        else:
            views[sight.frame.ticket] = FrameView(pixels, sight.placed, sight.frame.camera)
    return views, failures


def _useless(job: Job, failures: Mapping[int, FluoroposeError]) -> bool:
    return all(frame.ticket in failures for frame in job.frames)


def _followed(
    service: Service, job: Job, views: dict[int, FrameView], failures: dict[int, FluoroposeError]
) -> tuple[Mapping[str, Registration], dict[int, FrameView], dict[int, FluoroposeError]]:
    """Return what was found, in which views, and the errors of the others."""
    plans = {task.tracked_object.case: task.plan for task in job.tasks}
    try:
        return service.follow(job.settings, plans, list(views.values())), views, failures
    except FrameError:
        wrong = {ticket: error for ticket, view in views.items() if (error := _fault(view)) is not None}
        if len(views) == 1 or not wrong:
            raise
    good, failures = {ticket: view for ticket, view in views.items() if ticket not in wrong}, failures | wrong
    if _useless(job, failures):
        return {}, good, failures
    return service.follow(job.settings, plans, list(good.values())), good, failures


def _fault(view: FrameView) -> FluoroposeError | None:
    try:
        check_frame(view.pixels, view.placed.camera)
    except FrameError as error:
        return error
    return None


def _smoothed(job: Job, found: Mapping[str, Registration]) -> dict[str, WindowPose]:
    """Return what the windows say; only poses that are sure go in."""
    smoothed = {}
    for task in job.tasks:
        one, smoother = found.get(task.tracked_object.case), task.tracked_object.smoother
        if one is not None and smoother is not None and one.assessment.status is Status.TRACKING:
            place = _first_used(one, job).placed.camera_from_world
            smoothed[task.tracked_object.case] = smoother.add(
                job.moment_s, one.world_from_volume, one.information, place
            )
    return smoothed


def _first_used(found: Registration, job: Job) -> CameraFrame:
    used = _used(found)
    return next((sight for sight in job.camera_frames if sight.frame.camera in used), job.camera_frames[0])


def _used(found: Registration) -> tuple[str, ...]:
    return tuple(view.name for view in found.views if view.used)


def _sighting(found: Registration, job: Job) -> Observation:
    placed = _first_used(found, job).placed
    axes = None if placed.at_origin else placed.camera_from_world[:3, :3]
    return Observation(found.world_from_volume, found.assessment.status, axes)


def _timing(found: Mapping[str, Registration], decode_ns: int, follow_ns: int) -> dict[str, float]:
    """Return the stages of the first object's time; with several objects, which share cores, `total` is the clock's."""
    timing = {"decode": decode_ns / 1e6}
    for registration in list(found.values())[:1]:
        timing |= registration.timing_ms
    if len(found) > 1:
        timing["total"] = (decode_ns + follow_ns) / 1e6
    else:
        timing["total"] = sum(value for stage, value in timing.items() if stage != "total")
    return timing


def _answer(
    solved: JobResult, service: Service, job: Job, sight: CameraFrame, cases: Sequence[str], missing: tuple[str, ...]
) -> FrameResult:
    """Return one frame's answer, of the objects `cases`; it says nothing of those that are `missing`."""
    first = solved.found[cases[0]]
    name, queue_ms = sight.frame.camera, solved.queue_ms[sight.frame.ticket]
    timing = solved.timing_ms | {"queue": queue_ms, "total": solved.timing_ms["total"] + queue_ms}
    return FrameResult(
        sight.frame.seq,
        name,
        tuple(_part(solved, service, job, sight, case) for case in cases),
        _used(first),
        {view.name: view.why for view in first.views if not view.used},
        timing,
        service.device.label,
        searching=missing,
        leads=sight is next(one for one in job.camera_frames if not one.kept),
    )


def _part(solved: JobResult, service: Service, job: Job, sight: CameraFrame, case: str) -> ObjectResult:
    """Return one object's part of a frame's answer."""
    found, smoothed = solved.found[case], solved.smoothed.get(case)
    place = sight.placed.camera_from_world
    pose = next(
        (view.camera_from_volume for view in found.views if view.name == sight.frame.camera), found.camera_from_volume
    )
    if len(_used(found)) > 1 and sight is not _first_used(found, job):
        error = expected_errors(np.linalg.inv(found.information), place)
    else:
        error = found.assessment.error_estimate
    seen = None if smoothed is None else _seen(smoothed, place)
    return ObjectResult(case, service.model_name(case), found, pose, error, seen)


def _seen(smoothed: WindowPose, camera_from_world: Mat44) -> SmoothedPose:
    pose, error = smoothed.world_from_volume, expected_errors(smoothed.covariance, camera_from_world)
    return SmoothedPose(pose, camera_from_world @ pose, error, smoothed.frames)
