"""The desk: takes frames of all sessions in, sends them to the device in fair turns, brings the answers back.

Sessions decide (they are the core without I/O and threads); the desk carries their decisions out and tells whoever
brought the frame. Two kinds of threads meet here:

- The event loop offers frames, hands answers over, ends sessions. Books, receivers and everything that a client is told
  are the loop's alone. To an idle lane it also gives the first frame.
- A lane's thread works on one frame after another. When one is done it completes it and takes the next itself, at that
  moment, so that the device waits for no loop and always gets the newest frame; what came of the frame it posts to the
  loop, which tells the client while the next one is computed.

`Desk.lock` is held by whoever touches a session, what waits, or the turns: on either thread, for the few steps between
two looks at them, never while decoding, computing or telling.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from fluoropose.arrays import Mat44
from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.geometry.camera import Camera
from fluoropose.runtime.engine import Registration
from fluoropose.runtime.service import Service
from fluoropose.runtime.sessions import OverloadedError
from fluoropose.streaming.books import Books
from fluoropose.streaming.frames import EncodedFrame, Result
from fluoropose.streaming.lanes import Lane
from fluoropose.streaming.outcomes import Done, Drops, refusal, report
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.session import Dropped, Job, Session
from fluoropose.tracking.tracker import TrackState

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
        self.lock = threading.Lock()
        self.lanes = (Lane("follow"), Lane("search", background=True))
        self._background = ThreadPoolExecutor(1, "background")
        self._waiting: dict[Session, None] = {}
        self._receivers: dict[tuple[Session, int], tuple[Receiver, str]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    @property
    def pending(self) -> int:
        """How many frames wait for the device."""
        return len(self._waiting)

    def close(self) -> None:
        """Finish what runs, take nothing more, and stop the threads."""
        with self.lock:
            self._closing = True
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

    def offer(self, session: Session, frame: EncodedFrame, transport: str, receiver: Receiver) -> int:
        """Take a frame in and return its ticket. The receiver is told once on the event loop.

        It is told before this returns only if the frame is dropped at once.
        """
        self._loop = asyncio.get_running_loop()
        now = self.clock_ns()
        self.books.received(session, transport, now)
        age_s = 0.0 if frame.captured_s is None else time.time() - frame.captured_s
        age_ns = int(1e9 * max(0.0, min(age_s, 1e6)))
        with self.lock:
            ticket, dropped = session.offer(frame, frame.seq, age_ns, now, frame.captured_s)
            if session.waiting is not None:
                self._waiting[session] = None
            if len(self._waiting) > MAX_WAITING and session.waiting is not None:
                full = OverloadedError(f"expected at most {MAX_WAITING} waiting frames, got one more; send fewer")
                dropped.append(session.refuse_waiting(full))
                self._waiting.pop(session)
            stale = self._pump()
        self._receivers[session, ticket] = (receiver, transport)
        self._drop_all([(session, drop) for drop in dropped] + stale)
        return ticket

    def refuse(self, session: Session, transport: str, error: FluoroposeError, seq: int | None = None) -> None:
        """Count a message that held no frame."""
        self.books.received(session, transport, self.clock_ns())
        with self.lock:
            drop = session.refuse(error, seq)
        self.books.dropped(drop)

    def restart(self, session: Session, camera: Camera | None, initial_pose: Mat44 | None) -> None:
        """Begin a session's track again with a new camera, a new start, or both."""
        with self.lock:
            session.restart(camera, initial_pose)
            stale = self._pump()
        self._drop_all(stale)

    def in_flight(self, session: Session) -> int:
        """Return how many frames of a session are neither answered nor dropped yet."""
        with self.lock:
            return session.in_flight

    def hand_over(self, session: Session, transport: str, ticket: int | None = None) -> Result | Dropped | None:
        """Return a session's answer for the client to have now, or that it has grown too old; None if there is none.

        With a `ticket`, only the answer to that frame is given: by now a newer one may have taken its place.
        """
        now = self.clock_ns()
        with self.lock:
            ready = session.ready
            if ready is None or ticket not in (None, ready.frame.ticket):
                return None
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
        with self.lock:
            gone = session.leave(reason)
            self._waiting.pop(session, None)
        self._drop_all([(session, drop) for drop in gone])

    def end(self, session: Session, reason: str = "disconnected") -> None:
        """End a session: nothing of it is answered any more."""
        with self.lock:
            gone = session.close(reason)
            self._waiting.pop(session, None)
            for lane in self.lanes:
                lane.turns.forget(session)
        self._drop_all([(session, drop) for drop in gone])

    def _pump(self) -> Drops:
        """Under the lock, on either thread: give each idle lane the frame whose turn it is; return the stale ones."""
        stale: Drops = []
        for lane in self.lanes:
            taken = self._take(lane, stale) if lane.idle else None
            if taken is not None:
                lane.begin()
                lane.executor.submit(self._drive, lane, taken).add_done_callback(report)
        return stale

    def _take(self, lane: Lane, stale: Drops) -> "tuple[Session, Job] | None":
        """Under the lock, on either thread: take the frame whose turn it is on a lane, None if there is none."""
        searching = lane is self.lanes[1]
        while not self._closing:
            session = lane.turns.choose(
                one for one in self._waiting if one.running is None and one.tracker.searches is searching
            )
            if session is None:
                break
            self._waiting.pop(session)
            taken = session.take(self.clock_ns())
            if isinstance(taken, Dropped):
                stale.append((session, taken))
            elif taken is not None:
                return session, taken
        return None

    def _drive(self, lane: Lane, taken: "tuple[Session, Job] | None") -> None:
        """On the lane's thread: one frame after another until none waits for this lane."""
        while taken is not None:
            session, job = taken
            outcome = self._outcome(job)
            with self.lock:
                done = self._finish(session, job, outcome)
                taken = self._take(lane, done.stale)
                if taken is None:
                    lane.end()
                else:
                    lane.begin()
                done.stale.extend(self._pump())
            self._post(done)

    def _outcome(self, job: Job) -> Registration | Exception:
        try:
            return self._work(job)
        except Exception as error:
            return error

    def _work(self, job: Job) -> Registration:
        """On a lane's thread, without the lock: decode and register."""
        queued_ns = self.clock_ns() - job.frame.arrived_ns
        began = time.perf_counter_ns()
        pixels = job.frame.payload.pixels(job.settings.camera)
        decoded = time.perf_counter_ns()
        found = self.service.follow(job.settings, job.plan, pixels)
        timing = {"decode": (decoded - began) / 1e6, "queue": queued_ns / 1e6, **found.timing_ms}
        timing["total"] = sum(value for stage, value in timing.items() if stage != "total")
        return replace(found, timing_ms=timing)

    def _finish(self, session: Session, job: Job, outcome: Registration | Exception) -> Done:
        """Under the lock, on the lane's thread: let the session have what came of its frame."""
        case, before = job.settings.case, session.tracker.state
        if isinstance(outcome, Exception):
            drops = [session.fail(*refusal(outcome))]
        else:
            answer = Result(
                job.frame.seq, outcome, 0.0, 0, case, self.service.model_name(case), self.service.device.label
            )
            drops = session.complete(answer, outcome.camera_from_volume, outcome.judgement.status)
        lost = before is not TrackState.SEARCHING and session.tracker.state is TrackState.SEARCHING
        return Done(session, job, outcome, lost, [(session, drop) for drop in drops], [])

    def _post(self, done: Done) -> None:
        """On the lane's thread: have the loop tell. Once the loop has ended, nobody is left to be told."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, done)

    def _tell(self, done: Done) -> None:
        """On the loop: count what came of a frame and tell who waits for it."""
        session, job, outcome = done.session, done.job, done.outcome
        if isinstance(outcome, Exception):
            self._note(outcome)
        else:
            self.service.faults = 0
            model = self.service.model_name(job.settings.case)
            self.books.found(job.plan, outcome, model, session.tracker.centre_mm, done.lost)
        self._drop_all(done.drops + done.stale)
        receiver, _ = self._receivers.get((session, job.frame.ticket), (None, ""))
        if receiver is not None:
            receiver(None)

    def _note(self, error: Exception) -> None:
        if isinstance(error, DeviceError):
            self.service.faults += 1
            self.metrics.failures.labels("backend").inc()
            _log.error("the device failed on a frame", extra={"fields": {"error": str(error)}})
        elif not isinstance(error, FluoroposeError):
            self.metrics.failures.labels("other").inc()
            _log.error("a fault in a frame's work", exc_info=error)

    def _drop_all(self, drops: Drops) -> None:
        for session, drop in drops:
            self._drop(session, drop)

    def _drop(self, session: Session, drop: Dropped) -> None:
        self.books.dropped(drop)
        receiver, _ = self._receivers.pop((session, drop.ticket), (None, ""))
        if receiver is not None:
            receiver(drop)
