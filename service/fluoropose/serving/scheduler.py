"""Which session's frame the device gets next, and the workers whose threads reach the device.

A worker's thread does one job after another. When a job is done, the worker's own thread completes it in its session
and takes the next one: the device waits for no event loop and always gets the newest frame. The outcome goes to a
callback. Frames that take work to decode are decoded elsewhere between the two: the job is taken, and the
worker gets it back once its pixels are there.

`Scheduler.lock` guards the sessions, the queue of waiting sessions, and the turns. A thread holds it for the few steps
of one change of these, never while it decodes, computes or informs a client.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from fluoropose.serving.frame_decoder import FrameDecoder, compressed_frames
from fluoropose.serving.job_execution import JobResult, execute_job
from fluoropose.serving.job_outcome import Drops, JobOutcome, finish_job, log_worker_fault
from fluoropose.serving.service import Service
from fluoropose.serving.worker import Worker
from fluoropose.tracking.jobs import Job
from fluoropose.tracking.session import Session

__all__ = ["Scheduler"]


class Scheduler:
    """The workers and the sessions that wait for them. While `closing`, no worker takes another job."""

    def __init__(self, service: Service, clock_ns: Callable[[], int], hand_on: Callable[[JobOutcome], None]) -> None:
        """Use one thread for tracking and one for searching; each calls `hand_on` with the outcome of a job."""
        self.lock = threading.Lock()
        self.workers = (Worker("track"), Worker("search", background=True))
        self.closing = False
        self.decoder = FrameDecoder()
        self._decoded: dict[Worker, deque[tuple[Session, Job]]] = {worker: deque() for worker in self.workers}
        self._service = service
        self._clock_ns = clock_ns
        self._hand_on = hand_on
        self._waiting: dict[Session, None] = {}
        self._seekers: dict[Session, None] = {}

    @property
    def heartbeat_s(self) -> float:
        """The Unix time at which the tracking worker last took or finished a job; now, while the worker is idle."""
        tracking = self.workers[0]
        return time.time() if tracking.idle else tracking.beat_at_s

    def is_stuck(self, seconds: float) -> bool:
        """Tell whether one job has kept a worker busy for longer than `seconds`."""
        return any(worker.is_stuck(seconds) for worker in self.workers)

    def close(self) -> None:
        """Finish the jobs that run, take no other, and stop the threads."""
        with self.lock:
            self.closing = True
        self.decoder.close()
        for worker in self.workers:
            worker.executor.shutdown(wait=True)

    def count(self, *more: Session) -> int:
        """Return how many frames wait, those of sessions that are not enqueued yet included; under the lock."""
        return sum(len(session.waiting) for session in {*self._waiting, *more})

    def enqueue(self, session: Session) -> None:
        """Let a session with waiting frames have its turn; under the lock."""
        if session.waiting:
            self._waiting[session] = None

    def forget(self, session: Session) -> None:
        """Take no frame of a session until the session is enqueued again; under the lock."""
        self._waiting.pop(session, None)
        self._seekers.pop(session, None)

    def end(self, session: Session) -> None:
        """Forget a session for good; under the lock."""
        self.forget(session)
        for worker in self.workers:
            worker.turns.forget(session)

    def assign_work(self) -> Drops:
        """Give each idle worker the job whose turn it is and return the frames that are stale; under the lock."""
        stale: Drops = []
        for worker in self.workers:
            taken = self._take(worker, stale) if worker.idle else None
            if taken is not None:
                worker.begin()
                worker.executor.submit(self._work, worker, taken).add_done_callback(log_worker_fault)
        return stale

    def _take(self, worker: Worker, stale: Drops) -> tuple[Session, Job] | None:
        """Return the job whose turn it is on a worker, None if there is none; add stale frames to `stale`."""
        while not self.closing:
            if self._decoded[worker]:
                return self._decoded[worker].popleft()
            searching = worker is self.workers[1]
            there = {**self._waiting, **self._seekers} if searching else self._waiting
            session = worker.turns.choose(one for one in there if self._has_work(one, searching))
            if session is None:
                break
            if searching and session.search_is_due:
                return session, session.take_search()
            job, dropped = session.take(self._clock_ns())
            if not session.waiting:
                self._waiting.pop(session)
            stale.extend((session, drop) for drop in dropped)
            frames = [] if job is None else compressed_frames(job)
            if job is not None and frames:
                self.decoder.submit(session, frames, partial(self._resume, worker, session, job))
            elif job is not None:
                return session, job
        return None

    def _resume(self, worker: Worker, session: Session, job: Job) -> None:
        """Give a worker a job whose frames have been decoded; on a thread of the decoder."""
        with self.lock:
            if self.closing:
                return
            if not worker.idle:
                self._decoded[worker].append((session, job))
                return
            worker.begin()
            worker.executor.submit(self._work, worker, (session, job)).add_done_callback(log_worker_fault)

    def _has_work(self, session: Session, searching: bool) -> bool:
        """Tell whether a session has a job for the worker that searches, or for the one that tracks."""
        if searching and session.search_is_due:
            return True
        return session in self._waiting and session.running is None and session.needs_search is searching

    def _work(self, worker: Worker, taken: tuple[Session, Job] | None) -> None:
        """Do one job after another on the worker's thread until none waits for this worker."""
        while taken is not None:
            session, job = taken
            outcome = self._execute(job)
            with self.lock:
                done = self._finish(session, job, outcome)
                taken = self._take(worker, done.stale)
                if taken is None:
                    worker.end()
                else:
                    worker.begin()
                done.stale.extend(self.assign_work())
            self._hand_on(done)

    def _execute(self, job: Job) -> JobResult | Exception:
        """Decode and register on a worker's thread, without the lock; return the error if that fails."""
        try:
            return execute_job(self._service, job, self._clock_ns())
        except Exception as error:
            return error

    def _finish(self, session: Session, job: Job, outcome: JobResult | Exception) -> JobOutcome:
        """Complete a job in its session, on the worker's thread under the lock."""
        finished = finish_job(self._service, session, job, outcome)
        if session.search_is_due:
            self._seekers[session] = None
        else:
            self._seekers.pop(session, None)
        return finished
