"""The outcome of a worker's job, completed in its session and passed from the worker's thread to the event loop."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass

from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.serving.job_execution import FinishedJob, JobResult, job_answers, job_observations
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import DroppedFrame, Job
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import UnknownObjectError
from fluoropose.tracking.tracker import TrackState

__all__ = ["Drops", "JobOutcome", "finish_job", "log_worker_fault"]

Drops = list[tuple[Session, DroppedFrame]]
"""Dropped frames, each with its session."""

_log = logging.getLogger("fluoropose.frames")


@dataclass(frozen=True, slots=True, eq=False)
class JobOutcome:
    """What a job gave: its result, or the error that ended it.

    `lost` holds the cases whose tracks began to search with this job, `drops` the frames of the session that were
    dropped for it, `stale` the frames that were too old when the worker took its next job.
    """

    session: Session
    job: Job
    outcome: JobResult | Exception
    lost: list[str]
    drops: Drops
    stale: Drops


def finish_job(service: Service, session: Session, job: Job, outcome: JobResult | Exception) -> JobOutcome:
    """Complete a job in its session; nobody else may change the session meanwhile."""
    before = [task.tracked_object.tracker.state for task in job.reported_tasks]
    drops = _apply(service, session, job, outcome)
    searching = TrackState.SEARCHING
    lost = [
        task.tracked_object.case
        for task, state in zip(job.reported_tasks, before, strict=True)
        if state is not searching and task.tracked_object.tracker.state is searching
    ]
    return JobOutcome(session, job, outcome, lost, [(session, drop) for drop in drops], [])


def _apply(service: Service, session: Session, job: Job, outcome: JobResult | Exception) -> list[DroppedFrame]:
    """Give a session the outcome of its job; return the frames that the session dropped."""
    if job.is_search:
        session.end_search({} if isinstance(outcome, Exception) else job_observations(outcome, job))
        return []
    if isinstance(outcome, Exception):
        return session.fail(*_refusal(outcome))
    if outcome.found and not any(case in outcome.found for case in session.tracked_cases(job)):
        return session.fail(UnknownObjectError("expected an object of the session, got one removed meanwhile"))
    done = FinishedJob(service, job, outcome)
    return session.complete(job_answers(done, list(session.objects), session.tracked_cases(job)))


def _refusal(error: Exception) -> tuple[FluoroposeError, str]:
    """Return the error that the client is told of a frame's failure, and the reason that it is counted for."""
    if isinstance(error, DeviceError):
        return error, "failed"
    if isinstance(error, FluoroposeError):
        return error, "invalid"
    return FluoroposeError("an unexpected fault; the log holds the reason"), "failed"


def log_worker_fault(work: "Future[None]") -> None:
    """Log the fault that ended a worker's thread early; a frame's own failure does not end the thread."""
    if work.exception() is not None:
        _log.critical("a worker broke", exc_info=work.exception())
