"""Which session's frame the device gets next, and the threads that it gets it on.

A lane's thread works on one frame after another. When one is done it completes it and takes the next itself, at that
moment, so that the device waits for no loop and always gets the newest frame; what came of the frame it hands on.

`Scheduler.lock` is held by whoever touches a session, what waits, or the turns: on either thread, for the few steps
between two looks at them, never while decoding, computing or telling.
"""

import threading
from collections.abc import Callable

from fluoropose.serving.job_execution import JobResult, execute_job
from fluoropose.serving.job_outcome import Drops, JobOutcome, finish, report
from fluoropose.serving.service import Service
from fluoropose.serving.worker import Worker
from fluoropose.tracking.jobs import Job
from fluoropose.tracking.session import Session

__all__ = ["Scheduler"]


class Scheduler:
    """The lanes and what waits for them. `closing`: nothing more is taken."""

    def __init__(self, service: Service, clock_ns: Callable[[], int], hand_on: Callable[[JobOutcome], None]) -> None:
        """Use one thread to follow and one to search; each calls `hand_on` with what came of a frame."""
        self.lock = threading.Lock()
        self.workers = (Worker("follow"), Worker("search", background=True))
        self.closing = False
        self._service = service
        self._clock_ns = clock_ns
        self._hand_on = hand_on
        self._waiting: dict[Session, None] = {}
        self._seekers: dict[Session, None] = {}

    def close(self) -> None:
        """Finish what runs, take nothing more, and stop the threads."""
        with self.lock:
            self.closing = True
        for worker in self.workers:
            worker.executor.shutdown(wait=True)

    def count(self, *more: Session) -> int:
        """Under the lock: return how many frames wait, with those of a session that may not be noted yet."""
        return sum(len(session.waiting) for session in {*self._waiting, *more})

    def note(self, session: Session) -> None:
        """Under the lock: let a session's frames, where some wait, have their turn."""
        if session.waiting:
            self._waiting[session] = None

    def forget(self, session: Session) -> None:
        """Under the lock: take nothing of a session any more until it is noted again."""
        self._waiting.pop(session, None)
        self._seekers.pop(session, None)

    def end(self, session: Session) -> None:
        """Under the lock: forget a session for good."""
        self.forget(session)
        for worker in self.workers:
            worker.turns.forget(session)

    def assign_work(self) -> Drops:
        """Under the lock, on either thread: give each idle lane the frame whose turn it is; return the stale ones."""
        stale: Drops = []
        for worker in self.workers:
            taken = self._take(worker, stale) if worker.idle else None
            if taken is not None:
                worker.begin()
                worker.executor.submit(self._drive, worker, taken).add_done_callback(report)
        return stale

    def _take(self, worker: Worker, stale: Drops) -> tuple[Session, Job] | None:
        """Under the lock, on either thread: take the frame whose turn it is on a lane, None if there is none."""
        while not self.closing:
            searching = worker is self.workers[1]
            there = {**self._waiting, **self._seekers} if searching else self._waiting
            session = worker.turns.choose(one for one in there if self._wants(one, searching))
            if session is None:
                break
            if searching and session.search_is_due:
                return session, session.take_search()
            job, dropped = session.take(self._clock_ns())
            if not session.waiting:
                self._waiting.pop(session)
            stale.extend((session, drop) for drop in dropped)
            if job is not None:
                return session, job
        return None

    def _wants(self, session: Session, searching: bool) -> bool:
        """Under the lock: tell whether a session has work for the lane that searches, or for the one that follows."""
        if searching and session.search_is_due:
            return True
        return session in self._waiting and session.running is None and session.needs_search is searching

    def _drive(self, worker: Worker, taken: tuple[Session, Job] | None) -> None:
        """On the lane's thread: one frame after another until none waits for this lane."""
        while taken is not None:
            session, job = taken
            outcome = self._outcome(job)
            with self.lock:
                done = self._finish(session, job, outcome)
                taken = self._take(worker, done.stale)
                if taken is None:
                    worker.end()
                else:
                    worker.begin()
                done.stale.extend(self.assign_work())
            self._hand_on(done)

    def _outcome(self, job: Job) -> JobResult | Exception:
        """On a lane's thread, without the lock: decode and register."""
        try:
            return execute_job(self._service, job, self._clock_ns())
        except Exception as error:
            return error

    def _finish(self, session: Session, job: Job, outcome: JobResult | Exception) -> JobOutcome:
        """Under the lock, on the lane's thread: let the session have what came of its frames."""
        finished = finish(self._service, session, job, outcome)
        if session.search_is_due:
            self._seekers[session] = None
        else:
            self._seekers.pop(session, None)
        return finished
