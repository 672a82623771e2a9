"""A job is done: what its session is told, and what the desk has to count and tell for it."""

from dataclasses import dataclass

from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.runtime.service import Service
from fluoropose.streaming.solve import Solved, answered, sighted
from fluoropose.tracking.jobs import Dropped, Job
from fluoropose.tracking.session import Session
from fluoropose.tracking.settings import UnknownObjectError
from fluoropose.tracking.tracker import TrackState

__all__ = ["Drops", "Finished", "finish"]

Drops = list[tuple[Session, Dropped]]


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """What came of a job, on its way to the loop; `lost` are the cases of tracks that it lost.

    `stale` are frames that had grown too old when the next were taken.
    """

    session: Session
    job: Job
    outcome: Solved | Exception
    lost: list[str]
    drops: Drops
    stale: Drops


def finish(service: Service, session: Session, job: Job, outcome: Solved | Exception) -> Finished:
    """Let a session have what came of a job."""
    before = [task.followed.tracker.state for task in job.tells]
    drops = _told(service, session, job, outcome)
    searches = TrackState.SEARCHING
    lost = [
        task.followed.case
        for task, state in zip(job.tells, before, strict=True)
        if state is not searches and task.followed.tracker.state is searches
    ]
    return Finished(session, job, outcome, lost, [(session, drop) for drop in drops], [])


def _told(service: Service, session: Session, job: Job, outcome: Solved | Exception) -> list[Dropped]:
    """Tell a session what came of a job; return what it dropped."""
    if job.aside:
        session.end_search({} if isinstance(outcome, Exception) else sighted(outcome, job))
        return []
    if isinstance(outcome, Exception):
        return session.fail(*_refusal(outcome))
    if outcome.found and not any(case in outcome.found for case in session.follows(job)):
        return session.fail(UnknownObjectError("expected an object of the session, got one removed meanwhile"))
    return session.complete(answered(outcome, service, job, list(session.objects), session.follows(job)))


def _refusal(error: Exception) -> tuple[FluoroposeError, str]:
    """Return the error that the client is told of a frame's failure, and the reason that it is counted for."""
    if isinstance(error, DeviceError):
        return error, "failed"
    if isinstance(error, FluoroposeError):
        return error, "invalid"
    return FluoroposeError("an unexpected fault; the log holds the reason"), "failed"
