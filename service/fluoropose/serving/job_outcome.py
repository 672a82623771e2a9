"""What came of a job on a lane, for its session and on its way from the lane's thread to the event loop."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass

from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.serving.job_execution import JobResult, answered, sighted
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import DroppedFrame, Job
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import UnknownObjectError
from fluoropose.tracking.tracker import TrackState

__all__ = ["Drops", "JobOutcome", "finish", "report"]

Drops = list[tuple[Session, DroppedFrame]]

_log = logging.getLogger("fluoropose.frames")


@dataclass(frozen=True, slots=True, eq=False)
class JobOutcome:
    """What came of a job, on its way to the loop; `lost` are the cases of tracks that it lost.

    `stale` are frames that had grown too old when the next were taken.
    """

    session: Session
    job: Job
    outcome: JobResult | Exception
    lost: list[str]
    drops: Drops
    stale: Drops


def finish(service: Service, session: Session, job: Job, outcome: JobResult | Exception) -> JobOutcome:
    """Let a session have what came of a job."""
    before = [task.tracked_object.tracker.state for task in job.reported_tasks]
    drops = _told(service, session, job, outcome)
    searches = TrackState.SEARCHING
    lost = [
        task.tracked_object.case
        for task, state in zip(job.reported_tasks, before, strict=True)
        if state is not searches and task.tracked_object.tracker.state is searches
    ]
    return JobOutcome(session, job, outcome, lost, [(session, drop) for drop in drops], [])


def _told(service: Service, session: Session, job: Job, outcome: JobResult | Exception) -> list[DroppedFrame]:
    """Tell a session what came of a job; return what it dropped."""
    if job.is_search:
        session.end_search({} if isinstance(outcome, Exception) else sighted(outcome, job))
        return []
    if isinstance(outcome, Exception):
        return session.fail(*_refusal(outcome))
    if outcome.found and not any(case in outcome.found for case in session.tracked_cases(job)):
        return session.fail(UnknownObjectError("expected an object of the session, got one removed meanwhile"))
    return session.complete(answered(outcome, service, job, list(session.objects), session.tracked_cases(job)))


def _refusal(error: Exception) -> tuple[FluoroposeError, str]:
    """Return the error that the client is told of a frame's failure, and the reason that it is counted for."""
    if isinstance(error, DeviceError):
        return error, "failed"
    if isinstance(error, FluoroposeError):
        return error, "invalid"
    return FluoroposeError("an unexpected fault; the log holds the reason"), "failed"


def report(driven: "Future[None]") -> None:
    """Log what ended a lane's thread early; a frame's own failure does not."""
    if driven.exception() is not None:
        _log.critical("a lane broke", exc_info=driven.exception())
