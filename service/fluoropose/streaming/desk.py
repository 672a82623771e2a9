"""The desk: takes frames of all sessions in, sends them to the device in fair turns, brings the answers back.

Everything here runs on the event loop, except what a lane's thread does with one frame. Sessions decide (they are the
core without I/O); the desk carries their decisions out and tells whoever brought the frame.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from fluoropose.errors import DeviceError, FluoroposeError, NotReadyError
from fluoropose.runtime.service import Service
from fluoropose.runtime.sessions import OverloadedError
from fluoropose.streaming.books import Books
from fluoropose.streaming.frames import EncodedFrame, Result
from fluoropose.streaming.lanes import Lane
from fluoropose.streaming.solve import Solved, done, solve
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.jobs import Dropped, Job
from fluoropose.tracking.session import Session
from fluoropose.tracking.settings import Change, UnknownObjectError

__all__ = ["Desk", "MAX_WAITING", "Receiver"]

T = TypeVar("T")
Receiver = Callable[[Dropped | None], None]
"""Told that a frame was dropped, or (None) that its answer is ready to be handed over."""

MAX_WAITING = 64
"""Frames that may wait for the device over all sessions; more is overload, said at once."""

_log = logging.getLogger("fluoropose.frames")


class Desk:
    """One per service."""

    def __init__(self, service: Service, metrics: Metrics, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Use one thread to follow, one to search, one for what is not urgent."""
        self.service = service
        self.metrics = metrics
        self.books = Books(metrics)
        self.clock_ns = clock_ns
        self.lanes = (Lane("follow"), Lane("search", background=True))
        self._background = ThreadPoolExecutor(1, "background")
        self._waiting: dict[Session, None] = {}
        self._receivers: dict[tuple[Session, int], tuple[Receiver, str]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def pending(self) -> int:
        """How many frames wait for the device."""
        return sum(len(session.waiting) for session in self._waiting)

    def close(self) -> None:
        """Finish what runs and stop the threads."""
        for lane in self.lanes:
            lane.executor.shutdown(wait=True)
        self._background.shutdown(wait=True)

    async def off_loop(self, work: Callable[[], T]) -> T:
        """Run something that is not a session's frame (rendering, reading a case) off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._background, work)

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside everything else for as long as the loop runs."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def answer(self, session: Session, frame: EncodedFrame, transport: str) -> Result:
        """Answer one frame, or raise the error that it was dropped for."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def told(dropped: Dropped | None) -> None:
            given = self.hand_over(session, transport, ticket) if dropped is None else dropped
            if future.done() or given is None:
                return
            if isinstance(given, Result):
                future.set_result(given)
            else:
                future.set_exception(given.error)

        ticket = self.offer(session, frame, transport, told)
        return await future

    async def answer_views(self, session: Session, frames: Sequence[EncodedFrame], transport: str) -> Result:
        """Answer frames of one instant, one of each camera, together; raise the error of the first that is dropped."""
        loop = asyncio.get_running_loop()
        tickets, told = [], []
        for frame in frames:
            future: asyncio.Future[Dropped | None] = loop.create_future()
            tickets.append(self._take_in(session, frame, transport, future.set_result))
            told.append(future)
        self._pump()
        for dropped in await asyncio.gather(*told):
            if dropped is not None:
                raise dropped.error
        given = [self.hand_over(session, transport, ticket) for ticket in tickets]
        if not isinstance(given[0], Result):
            raise AssertionError("expected the answer of a frame that was not dropped, got none")
        return given[0]

    def offer(self, session: Session, frame: EncodedFrame, transport: str, receiver: Receiver) -> int:
        """Take a frame in; return its ticket. The receiver is told once, at once or later, on the event loop."""
        ticket = self._take_in(session, frame, transport, receiver)
        self._pump()
        return ticket

    def _take_in(self, session: Session, frame: EncodedFrame, transport: str, receiver: Receiver) -> int:
        now = self.clock_ns()
        self.books.received(session, transport, now)
        age_s = 0.0 if frame.captured_s is None else time.time() - frame.captured_s
        age_ns = int(1e9 * max(0.0, min(age_s, 1e6)))
        ticket, dropped = session.offer(
            frame, frame.seq, age_ns, now, frame.captured_s, frame.camera, frame.camera_from_world
        )
        self._receivers[session, ticket] = (receiver, transport)
        self._drop_all(session, dropped)
        if session.waiting:
            self._waiting[session] = None
        if self.pending > MAX_WAITING and any(waiting.ticket == ticket for waiting in session.waiting.values()):
            full = OverloadedError(f"expected at most {MAX_WAITING} waiting frames, got one more; send fewer")
            self._drop(session, session.refuse_waiting(full, ticket))
            if not session.waiting:
                self._waiting.pop(session)
        return ticket

    def refuse(self, session: Session, transport: str, drop: Dropped) -> None:
        """Count a message that held no frame."""
        self.books.received(session, transport, self.clock_ns())
        self.books.dropped(drop)

    def hand_over(self, session: Session, transport: str, ticket: int | None = None) -> Result | Dropped | None:
        """Return an answer for the client to have now, or that it has grown too old; None if there is none.

        It is that of one frame's ticket, or the first of the session's.
        """
        now = self.clock_ns()
        given = session.hand_over(now, ticket)
        if given is None:
            return None
        if isinstance(given, Dropped):
            self._receivers.pop((session, given.ticket), None)
            self.books.dropped(given)
            return given
        self._receivers.pop((session, given.frame.ticket), None)
        age_ms = (now - given.frame.captured_ns) / 1e6
        result: Result = replace(given.answer, age_ms=age_ms, dropped=given.dropped)
        self.books.handed_over(session, transport, result)
        return result

    async def change(self, session: Session, change: Change) -> None:
        """Change a session as its client asks; off the event loop meanwhile if a case has to be loaded.

        Raises
        ------
        UnknownCaseError, NotReadyError, UnknownCameraError, UnknownObjectError, ConflictError, InputError
            If a case cannot be followed, or as `Session.change`.
        """
        centres_mm = self.service.resident_centres_mm(change.add)
        if centres_mm is None:
            centres_mm = await self.off_loop(lambda: self.service.centres_mm(change.add))
        session.change(change, centres_mm)

    def leave(self, session: Session, reason: str = "disconnected") -> None:
        """Drop what a client that has gone would have been given; the session stays."""
        self._drop_all(session, session.leave(reason))
        self._waiting.pop(session, None)

    def end(self, session: Session, reason: str = "disconnected") -> None:
        """End a session: nothing of it is answered any more."""
        self._drop_all(session, session.close(reason))
        self._waiting.pop(session, None)
        for lane in self.lanes:
            lane.turns.forget(session)

    def _pump(self) -> None:
        """Send to each idle lane the frame whose turn it is."""
        for lane in self.lanes:
            searching = lane is self.lanes[1]
            while lane.idle:
                session = lane.turns.choose(
                    one for one in self._waiting if one.running is None and one.searches is searching
                )
                if session is None:
                    break
                job, dropped = session.take(self.clock_ns())
                if not session.waiting:
                    self._waiting.pop(session, None)
                self._drop_all(session, dropped)
                if job is not None:
                    self._start(lane, session, job)

    def _start(self, lane: Lane, session: Session, job: Job) -> None:
        lane.begin()
        work = asyncio.get_running_loop().run_in_executor(lane.executor, solve, self.service, job, self.clock_ns())
        work.add_done_callback(lambda done: self._done(lane, session, job, done))

    def _done(self, lane: Lane, session: Session, job: Job, done: "asyncio.Future[Solved]") -> None:
        lane.end()
        if done.cancelled():
            error: BaseException | None = NotReadyError("expected a service that runs, got one that stops")
        else:
            error = done.exception()
        if error is None:
            self._complete(session, job, done.result())
        else:
            self._fail(session, error)
        if session.waiting:
            self._waiting[session] = None
        self._pump()

    def _complete(self, session: Session, job: Job, solved: Solved) -> None:
        cases = session.follows(job)
        if solved.found and not any(case in solved.found for case in cases):
            gone = UnknownObjectError("expected an object that the session follows, got one removed meanwhile")
            self._drop_all(session, session.fail(gone))
            return
        self.service.faults = 0
        before = {task.followed.case: task.followed.tracker.state for task in job.tasks}
        dropped = session.complete(done(solved, self.service, job, cases))
        for task in job.tasks:
            case = task.followed.case
            if case in cases and case in solved.found:
                self.books.found(task, before[case], solved.found[case], self.service.model_name(case))
        self._drop_all(session, dropped)
        for frame in job.frames:
            told = self._receivers.get((session, frame.ticket))
            if told is not None:
                told[0](None)

    def _fail(self, session: Session, error: BaseException) -> None:
        """Give frames up; the session and all others go on."""
        if isinstance(error, DeviceError):
            self.service.faults += 1
            self.metrics.failures.labels("backend").inc()
            _log.error("the device failed on a frame", extra={"fields": {"error": str(error)}})
            dropped = session.fail(error, "failed")
        elif isinstance(error, FluoroposeError):
            dropped = session.fail(error, "invalid")
        else:
            self.metrics.failures.labels("other").inc()
            _log.error("a fault in a frame's work", exc_info=error)
            dropped = session.fail(FluoroposeError("an unexpected fault; the log holds the reason"), "failed")
        self._drop_all(session, dropped)

    def _drop_all(self, session: Session, dropped: Iterable[Dropped]) -> None:
        for drop in dropped:
            self._drop(session, drop)

    def _drop(self, session: Session, drop: Dropped) -> None:
        self.books.dropped(drop)
        receiver, _ = self._receivers.pop((session, drop.ticket), (None, ""))
        if receiver is not None:
            receiver(drop)
