"""The desk: takes frames of all sessions in, sends them to the device in fair turns, brings the answers back.

Everything here runs on the event loop, except what a lane's thread does with one frame. Sessions decide (they are the
core without I/O); the desk carries their decisions out and tells whoever brought the frame.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from fluoropose.errors import DeviceError, FluoroposeError, NotReadyError
from fluoropose.runtime.engine import Registration
from fluoropose.runtime.service import Service
from fluoropose.runtime.sessions import OverloadedError
from fluoropose.streaming.books import Books
from fluoropose.streaming.frames import EncodedFrame, Result
from fluoropose.streaming.lanes import Lane
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.session import Dropped, Job, Session

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
        return len(self._waiting)

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
            given = self.hand_over(session, transport) if dropped is None else dropped
            if future.done() or given is None:
                return
            if isinstance(given, Result):
                future.set_result(given)
            else:
                future.set_exception(given.error)

        self.offer(session, frame, transport, told)
        return await future

    def offer(self, session: Session, frame: EncodedFrame, transport: str, receiver: Receiver) -> None:
        """Take a frame in. The receiver is told once, at once or later, on the event loop."""
        now = self.clock_ns()
        self.books.received(session, transport, now)
        age_s = 0.0 if frame.captured_s is None else time.time() - frame.captured_s
        ticket, dropped = session.offer(frame, frame.seq, int(1e9 * max(0.0, min(age_s, 1e6))), now, frame.captured_s)
        self._receivers[session, ticket] = (receiver, transport)
        for drop in dropped:
            self._drop(session, drop)
        if session.waiting is not None:
            self._waiting[session] = None
        if len(self._waiting) > MAX_WAITING and session.waiting is not None:
            full = OverloadedError(f"expected at most {MAX_WAITING} waiting frames, got one more; send fewer")
            self._drop(session, session.refuse_waiting(full))
            self._waiting.pop(session)
        self._pump()

    def refuse(self, session: Session, transport: str, drop: Dropped) -> None:
        """Count a message that held no frame."""
        self.books.received(session, transport, self.clock_ns())
        self.books.dropped(drop)

    def hand_over(self, session: Session, transport: str) -> Result | Dropped | None:
        """Return a session's answer for the client to have now, or that it has grown too old; None if there is none."""
        now = self.clock_ns()
        given = session.hand_over(now)
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

    def leave(self, session: Session, reason: str = "disconnected") -> None:
        """Drop what a client that has gone would have been given; the session stays."""
        for drop in session.leave(reason):
            self._drop(session, drop)
        self._waiting.pop(session, None)

    def end(self, session: Session, reason: str = "disconnected") -> None:
        """End a session: nothing of it is answered any more."""
        for drop in session.close(reason):
            self._drop(session, drop)
        self._waiting.pop(session, None)
        for lane in self.lanes:
            lane.turns.forget(session)

    def _pump(self) -> None:
        """Send to each idle lane the frame whose turn it is."""
        for lane in self.lanes:
            searching = lane is self.lanes[1]
            while lane.idle:
                session = lane.turns.choose(
                    one for one in self._waiting if one.running is None and one.tracker.searches is searching
                )
                if session is None:
                    break
                taken = session.take(self.clock_ns())
                self._waiting.pop(session, None)
                if isinstance(taken, Dropped):
                    self._drop(session, taken)
                elif taken is not None:
                    self._start(lane, session, taken)

    def _start(self, lane: Lane, session: Session, job: Job) -> None:
        lane.begin()
        queued_ns = self.clock_ns() - job.frame.arrived_ns
        future = asyncio.get_running_loop().run_in_executor(lane.executor, self._work, job, queued_ns)
        future.add_done_callback(lambda done: self._done(lane, session, job, done))

    def _work(self, job: Job, queued_ns: int) -> Registration:
        """Decode and register; the only thing that runs on a lane's thread."""
        began = time.perf_counter_ns()
        pixels = job.frame.payload.pixels(job.settings.camera)
        decoded = time.perf_counter_ns()
        found = self.service.follow(job.settings, job.plan, pixels)
        timing = {"decode": (decoded - began) / 1e6, "queue": queued_ns / 1e6, **found.timing_ms}
        timing["total"] = sum(value for stage, value in timing.items() if stage != "total")
        return replace(found, timing_ms=timing)

    def _done(self, lane: Lane, session: Session, job: Job, done: "asyncio.Future[Registration]") -> None:
        lane.end()
        if done.cancelled():
            error: BaseException | None = NotReadyError("expected a service that runs, got one that stops")
        else:
            error = done.exception()
        if error is None:
            self._complete(session, job, done.result())
        else:
            self._fail(session, error)
        if session.waiting is not None:
            self._waiting[session] = None
        self._pump()

    def _complete(self, session: Session, job: Job, found: Registration) -> None:
        self.service.faults = 0
        case = job.settings.case
        model = self.service.model_name(case)
        before = session.tracker.state
        answer = Result(job.frame.seq, found, 0.0, 0, case, model, self.service.device.label)
        dropped = session.complete(answer, found.camera_from_volume, found.judgement.status)
        self.books.found(session, before, job.plan, found, model)
        for drop in dropped:
            self._drop(session, drop)
        told = self._receivers.get((session, job.frame.ticket))
        if told is not None:
            told[0](None)

    def _fail(self, session: Session, error: BaseException) -> None:
        """Give a frame up; the session and all others go on."""
        if isinstance(error, DeviceError):
            self.service.faults += 1
            self.metrics.failures.labels("backend").inc()
            _log.error("the device failed on a frame", extra={"fields": {"error": str(error)}})
            drop = session.fail(error, "failed")
        elif isinstance(error, FluoroposeError):
            drop = session.fail(error, "invalid")
        else:
            self.metrics.failures.labels("other").inc()
            _log.error("a fault in a frame's work", exc_info=error)
            drop = session.fail(FluoroposeError("an unexpected fault; the log holds the reason"), "failed")
        self._drop(session, drop)

    def _drop(self, session: Session, drop: Dropped) -> None:
        self.books.dropped(drop)
        receiver, _ = self._receivers.pop((session, drop.ticket), (None, ""))
        if receiver is not None:
            receiver(drop)
