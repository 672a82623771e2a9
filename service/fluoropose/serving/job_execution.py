"""One job on a worker's thread: decode the frames, register the objects, smooth the poses, make each frame's result."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.errors import FluoroposeError, FrameError, UnknownCaseError
from fluoropose.imaging.xray import check_frame
from fluoropose.registration.assessment import Status, expected_errors
from fluoropose.registration.result import FrameView, Registration
from fluoropose.serving.included_parts import IncludedParts, included_parts, pose_in_frame
from fluoropose.serving.messages import CompressedFrame, DecodedFrame, FrameResult, ObjectResult, SmoothedPose
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import CameraFrame, Job, JobAnswers
from fluoropose.tracking.smoother import WindowPose
from fluoropose.tracking.tracked_object import Observation

__all__ = ["FinishedJob", "JobResult", "execute_job", "job_answers", "job_observations"]


@dataclass(frozen=True, slots=True, eq=False)
class JobResult:
    """The result of a job.

    `found` and `smoothed` hold registrations and smoothed poses by case; `views`, `failures` and `queue_ms` hold the
    decoded frames, the errors of frames that cannot be used, and the times that frames waited, by ticket. `parts` holds
    what results include on request, by ticket and case.
    """

    found: Mapping[str, Registration]
    smoothed: Mapping[str, WindowPose]
    views: Mapping[int, FrameView]
    failures: Mapping[int, FluoroposeError]
    timing_ms: dict[str, float]
    queue_ms: Mapping[int, float]
    parts: Mapping[tuple[int, str], IncludedParts] = field(default_factory=dict)


def execute_job(service: Service, job: Job, now_ns: int) -> JobResult:
    """Register a job's objects in its frames. A frame that cannot be used leaves its partner alone.

    Raises
    ------
    FluoroposeError
        If the objects cannot be registered (their cases have gone, the device failed, a start is behind the source), or
        if the only frame cannot be used.
    """
    aside_ns = {frame.ticket: _decode_ns(frame.payload) for frame in job.frames}
    queue_ms = {frame.ticket: (now_ns - frame.arrived_ns - aside_ns[frame.ticket]) / 1e6 for frame in job.frames}
    began = time.perf_counter_ns()
    views, failures = _decode_frames(job)
    after_decoding = time.perf_counter_ns()
    found: Mapping[str, Registration] = {}
    if job.is_search or not _all_failed(job, failures):
        found, views, failures = _register(service, job, views, failures)
    decode_ns = after_decoding - began + max(aside_ns.values(), default=0)
    timing_ms = _stage_times(found, decode_ns, time.perf_counter_ns() - after_decoding)
    smoothed = {} if job.is_search else _smooth(job, found)
    parts: dict[tuple[int, str], IncludedParts] = {}
    if job.settings.include and not job.is_search:
        began = time.perf_counter_ns()
        parts = _include(service, job, found, failures)
        include_ms = (time.perf_counter_ns() - began) / 1e6
        timing_ms |= {"include": include_ms, "total": timing_ms["total"] + include_ms}
    return JobResult(found, smoothed, views, failures, timing_ms, queue_ms, parts)


def job_observations(solved: JobResult, job: Job) -> dict[str, Observation]:
    """Return where the objects were found, by case, for their tracks."""
    return {case: _observation(one, job) for case, one in solved.found.items()}


@dataclass(frozen=True, slots=True, eq=False)
class FinishedJob:
    """A job with its result and the service that did it."""

    service: Service
    job: Job
    solved: JobResult


def job_answers(done: FinishedJob, cases: Sequence[str], followed: Sequence[str]) -> JobAnswers:
    """Return the results of a job for a session that has `cases` by now, of which it `followed` some ever since."""
    job, solved = done.job, done.solved
    keeps = len(job.settings.cameras) > 1 or len(cases) > 1
    kept = {ticket: DecodedFrame(view.pixels) for ticket, view in solved.views.items()} if keeps else {}
    good = [sight for sight in job.camera_frames if not sight.kept and sight.frame.ticket not in solved.failures]
    there = [case for case in cases if case in followed and case in solved.found]
    missing = tuple(case for case in cases if case not in there)
    answers = {sight.frame.ticket: _frame_result(done, sight, there, missing) for sight in good}
    return JobAnswers(job_observations(solved, job), answers, kept, solved.failures)


def _decode_frames(job: Job) -> tuple[dict[int, FrameView], dict[int, FluoroposeError]]:
    views, failures = {}, {}
    for sight in job.camera_frames:
        try:
            pixels: NDArray[Any] = sight.frame.payload.pixels(sight.placed.camera)
        except FluoroposeError as error:
            failures[sight.frame.ticket] = error
        else:
            views[sight.frame.ticket] = FrameView(pixels, sight.placed, sight.frame.camera)
    return views, failures


def _decode_ns(payload: Any) -> int:
    """Return how long a frame was decoded for before its job's turn."""
    return payload.decode_ns if isinstance(payload, CompressedFrame) else 0


def _all_failed(job: Job, failures: Mapping[int, FluoroposeError]) -> bool:
    return all(frame.ticket in failures for frame in job.frames)


def _register(
    service: Service, job: Job, views: dict[int, FrameView], failures: dict[int, FluoroposeError]
) -> tuple[Mapping[str, Registration], dict[int, FrameView], dict[int, FluoroposeError]]:
    """Return the registrations, the views they used, and the errors of the other frames."""
    plans = {task.tracked_object.case: task.plan for task in job.tasks}
    try:
        return service.register_objects(job.settings, plans, list(views.values())), views, failures
    except FrameError:
        wrong = {ticket: error for ticket, view in views.items() if (error := _find_fault(view)) is not None}
        if len(views) == 1 or not wrong:
            raise
    good, failures = {ticket: view for ticket, view in views.items() if ticket not in wrong}, failures | wrong
    if _all_failed(job, failures):
        return {}, good, failures
    return service.register_objects(job.settings, plans, list(good.values())), good, failures


def _find_fault(view: FrameView) -> FluoroposeError | None:
    try:
        check_frame(view.pixels, view.placed.camera)
    except FrameError as error:
        return error
    return None


def _include(
    service: Service, job: Job, found: Mapping[str, Registration], failures: Mapping[int, FluoroposeError]
) -> dict[tuple[int, str], IncludedParts]:
    """Return what the session's results include, by ticket and case, for the frames that are answered."""
    sights = [one for one in job.camera_frames if not one.kept and one.frame.ticket not in failures]
    parts = {}
    for case, registration in found.items():
        with suppress(UnknownCaseError):  # the case was deleted meanwhile: its result goes without
            resident = service.resident(case)
            for sight in sights:
                included = included_parts(job.settings.include, registration, sight, resident)
                parts[sight.frame.ticket, case] = included
    return parts


def _smooth(job: Job, found: Mapping[str, Registration]) -> dict[str, WindowPose]:
    """Return the smoothed poses by case; only a pose that is TRACKING enters its window."""
    smoothed = {}
    for task in job.tasks:
        one, smoother = found.get(task.tracked_object.case), task.tracked_object.smoother
        if one is not None and smoother is not None and one.assessment.status is Status.TRACKING:
            place = _first_used_frame(one, job).placed.camera_from_world
            smoothed[task.tracked_object.case] = smoother.add(
                job.moment_s, one.world_from_volume, one.information, place
            )
    return smoothed


def _first_used_frame(found: Registration, job: Job) -> CameraFrame:
    used = _used_cameras(found)
    return next((sight for sight in job.camera_frames if sight.frame.camera in used), job.camera_frames[0])


def _used_cameras(found: Registration) -> tuple[str, ...]:
    return tuple(view.name for view in found.views if view.used)


def _observation(found: Registration, job: Job) -> Observation:
    placed = _first_used_frame(found, job).placed
    axes = None if placed.at_origin else placed.camera_from_world[:3, :3]
    return Observation(found.world_from_volume, found.assessment.status, axes)


def _stage_times(found: Mapping[str, Registration], decode_ns: int, register_ns: int) -> dict[str, float]:
    """Return the first object's stage times; with several, which share cores, `total` is measured by the clock."""
    timing = {"decode": decode_ns / 1e6}
    for registration in list(found.values())[:1]:
        timing |= registration.timing_ms
    if len(found) > 1:
        timing["total"] = (decode_ns + register_ns) / 1e6
    else:
        timing["total"] = sum(value for stage, value in timing.items() if stage != "total")
    return timing


def _frame_result(done: FinishedJob, sight: CameraFrame, cases: Sequence[str], missing: tuple[str, ...]) -> FrameResult:
    """Return one frame's result for the objects `cases`; it says nothing of the cases in `missing`."""
    solved = done.solved
    first = solved.found[cases[0]]
    name, queue_ms = sight.frame.camera, solved.queue_ms[sight.frame.ticket]
    timing = solved.timing_ms | {"queue": queue_ms, "total": solved.timing_ms["total"] + queue_ms}
    return FrameResult(
        sight.frame.seq,
        name,
        tuple(_object_result(done, sight, case) for case in cases),
        _used_cameras(first),
        {view.name: view.why for view in first.views if not view.used},
        timing,
        done.service.device.label,
        searching=missing,
        leads=sight is next(one for one in done.job.camera_frames if not one.kept),
    )


def _object_result(done: FinishedJob, sight: CameraFrame, case: str) -> ObjectResult:
    """Return one object's part of a frame's result."""
    found, smoothed = done.solved.found[case], done.solved.smoothed.get(case)
    place = sight.placed.camera_from_world
    pose = pose_in_frame(found, sight.frame.camera)
    parts = done.solved.parts.get((sight.frame.ticket, case), IncludedParts())
    if len(_used_cameras(found)) > 1 and sight is not _first_used_frame(found, done.job):
        error = expected_errors(found.covariance, place)
    else:
        error = found.error_estimate
    seen = None if smoothed is None else _smoothed_pose(smoothed, found, place)
    model = done.service.model_name(case)
    return ObjectResult(case, model, found, pose, error, seen, parts.outline, parts.covariance)


def _smoothed_pose(smoothed: WindowPose, found: Registration, camera_from_world: Mat44) -> SmoothedPose:
    """Return a window's pose in a camera; no smoothing makes the cameras' tolerance smaller."""
    covariance = smoothed.covariance + found.tolerance_covariance
    pose, error = smoothed.world_from_volume, expected_errors(covariance, camera_from_world)
    return SmoothedPose(pose, camera_from_world @ pose, error, smoothed.frames)
