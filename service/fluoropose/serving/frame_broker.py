"""The desk: takes frames of all sessions in, has them worked on in fair turns, brings the answers back.

Sessions decide (they are the core without I/O and threads); the desk carries their decisions out and tells whoever
brought the frame. Two kinds of threads meet here, under the lock of `Scheduler`:

- The event loop offers frames, hands answers over, ends sessions. Books, receivers and everything that a client is told
  are the loop's alone. To an idle lane it also gives the first frame.
- A lane's thread works on one frame after another, and posts what came of each to the loop, which tells the client
  while the next one is computed.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from fluoropose.arrays import Vec3
from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.registration.result import Registration
from fluoropose.serving.instrumentation import Instrumentation
from fluoropose.serving.job_outcome import Drops, JobOutcome
from fluoropose.serving.messages import EncodedFrame, FrameResult
from fluoropose.serving.scheduler import Scheduler
from fluoropose.serving.service import Service
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.jobs import DroppedFrame
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change

__all__ = ["FrameBroker", "MAX_WAITING", "Receiver"]

T = TypeVar("T")
Receiver = Callable[[DroppedFrame | None], None]
"""Told that a frame was dropped, or (None) that its answer is ready to be handed over."""

MAX_WAITING = 64
"""Frames that may wait for the device over all sessions; more is overload, said at once."""

_log = logging.getLogger("fluoropose.frames")


class FrameBroker:
    """One per service."""

    def __init__(self, service: Service, metrics: Metrics, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Use one thread to follow, one to search, one for what is not urgent."""
        self.service = service
        self.metrics = metrics
        self.instrumentation = Instrumentation(metrics)
        self.clock_ns = clock_ns
        self.scheduler = Scheduler(service, clock_ns, self._post)
        self.lock = self.scheduler.lock
        self._background = ThreadPoolExecutor(1, "background")
        self._receivers: dict[tuple[Session, int], tuple[Receiver, str]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def pending(self) -> int:
        """How many frames wait for the device."""
        with self.lock:
            return self.scheduler.count()

    def close(self) -> None:
        """Finish what runs, take nothing more, and stop the threads."""
        self.scheduler.close()
        self._background.shutdown(wait=True)

    async def run_off_loop(self, work: Callable[[], T]) -> T:
        """Run something that is not a session's frame (rendering, reading a case) off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._background, work)

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside everything else for as long as the loop runs."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def answer(self, session: Session, frame: EncodedFrame, transport: str) -> FrameResult:
        """Answer one frame, or raise the error that it was dropped for."""
        future: asyncio.Future[FrameResult] = asyncio.get_running_loop().create_future()

        def told(dropped: DroppedFrame | None) -> None:
            given = self.hand_over(session, transport, ticket) if dropped is None else dropped
            if future.done() or given is None:
                return
            if isinstance(given, FrameResult):
                future.set_result(given)
            else:
                future.set_exception(given.error)

        ticket = self.offer(session, frame, transport, told)
        return await future

    async def answer_views(self, session: Session, frames: Sequence[EncodedFrame], transport: str) -> FrameResult:
        """Answer frames of one instant, one of each camera, together; raise the error of the first that is dropped."""
        loop = asyncio.get_running_loop()
        told: list[asyncio.Future[DroppedFrame | None]] = [loop.create_future() for _ in frames]
        brought = [(frame, future.set_result) for frame, future in zip(frames, told, strict=True)]
        tickets = self._offer(session, brought, transport)
        for dropped in await asyncio.gather(*told):
            if dropped is not None:
                raise dropped.error
        given = [self.hand_over(session, transport, ticket) for ticket in tickets]
        if not isinstance(given[0], FrameResult):
            raise AssertionError("expected the answer of a frame that was not dropped, got none")
        return given[0]

    def offer(self, session: Session, frame: EncodedFrame, transport: str, receiver: Receiver) -> int:
        """Take a frame in and return its ticket. The receiver is told once on the event loop.

        It is told before this returns only if the frame is dropped at once.
        """
        return self._offer(session, [(frame, receiver)], transport)[0]

    def _offer(self, session: Session, brought: Sequence[tuple[EncodedFrame, Receiver]], transport: str) -> list[int]:
        """Take frames in before any of them is taken to the device; return their tickets."""
        self._loop = asyncio.get_running_loop()
        now = self.clock_ns()
        dropped: list[DroppedFrame] = []
        tickets = []
        for _ in brought:
            self.instrumentation.received(session, transport, now)
        with self.lock:
            for frame, _ in brought:
                ticket, gone = self._take_in(session, frame, now)
                tickets.append(ticket)
                dropped += gone
            self.scheduler.note(session)
            stale = self.scheduler.assign_work()
        for ticket, (_, receiver) in zip(tickets, brought, strict=True):
            self._receivers[session, ticket] = (receiver, transport)
        self._drop_all([(session, drop) for drop in dropped] + stale)
        return tickets

    def _take_in(self, session: Session, frame: EncodedFrame, now_ns: int) -> tuple[int, list[DroppedFrame]]:
        """Under the lock: offer a frame to its session; return its ticket and what was dropped for it."""
        age_s = 0.0 if frame.captured_s is None else time.time() - frame.captured_s
        age_ns = int(1e9 * max(0.0, min(age_s, 1e6)))
        ticket, dropped = session.offer(
            frame, frame.seq, age_ns, now_ns, frame.captured_s, frame.camera, frame.camera_from_world
        )
        mine = next((waiting for waiting in session.waiting.values() if waiting.ticket == ticket), None)
        if mine is not None and self.scheduler.count(session) > MAX_WAITING:
            full = OverloadedError(f"expected at most {MAX_WAITING} waiting frames, got one more; send fewer")
            dropped.append(session.refuse_waiting(full, ticket))
        return ticket, dropped

    def refuse(self, session: Session, transport: str, error: FluoroposeError, seq: int | None = None) -> None:
        """Count a message that held no frame."""
        self.instrumentation.received(session, transport, self.clock_ns())
        with self.lock:
            drop = session.refuse(error, seq)
        self.instrumentation.dropped(drop)

    async def change(self, session: Session, change: Change) -> None:
        """Change a session as its client asks; off the event loop meanwhile if a case has to be loaded.

        Raises
        ------
        UnknownCaseError, NotReadyError, UnknownCameraError, UnknownObjectError, ConflictError, InputError
            If a case cannot be followed, or as `Session.change`.
        """
        if not self.change_at_once(session, change):
            self._change(session, change, await self.run_off_loop(lambda: self.service.load_centres_mm(change)))

    def change_at_once(self, session: Session, change: Change) -> bool:
        """Change a session now, so that its next frame sees it; False if a case has to be loaded first (`change`)."""
        centres_mm = self.service.resident_centres_mm(change)
        if centres_mm is None:
            return False
        self._change(session, change, centres_mm)
        return True

    def _change(self, session: Session, change: Change, centres_mm: Mapping[str, Vec3]) -> None:
        with self.lock:
            session.change(change, centres_mm)
            stale = self.scheduler.assign_work()
        self._drop_all(stale)

    def in_flight(self, session: Session) -> int:
        """Return how many frames of a session are neither answered nor dropped yet."""
        with self.lock:
            return session.in_flight

    def hand_over(
        self, session: Session, transport: str, ticket: int | None = None
    ) -> FrameResult | DroppedFrame | None:
        """Return a session's answer for the client to have now, or that it has grown too old; None if there is none.

        With a `ticket`, only the answer to that frame is given: by now a newer one may have taken its place.
        """
        now = self.clock_ns()
        with self.lock:
            given = session.hand_over(now, ticket)
        if given is None:
            return None
        if isinstance(given, DroppedFrame):
            self._receivers.pop((session, given.ticket), None)
            self.instrumentation.dropped(given)
            return given
        self._receivers.pop((session, given.frame.ticket), None)
        age_ms = (now - given.frame.captured_ns) / 1e6
        result: FrameResult = replace(given.answer, age_ms=age_ms, dropped=given.dropped)
        self.instrumentation.handed_over(session, transport, result)
        return result

    def leave(self, session: Session, reason: str = "disconnected") -> None:
        """Drop what a client that has gone would have been given; the session stays."""
        with self.lock:
            gone = session.leave(reason)
            self.scheduler.forget(session)
        self._drop_all([(session, drop) for drop in gone])

    def end(self, session: Session, reason: str = "disconnected") -> None:
        """End a session: nothing of it is answered any more."""
        with self.lock:
            gone = session.close(reason)
            self.scheduler.end(session)
        self._drop_all([(session, drop) for drop in gone])

    def _post(self, done: JobOutcome) -> None:
        """On the lane's thread: have the loop tell. Once the loop has ended, nobody is left to be told."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, done)

    def _tell(self, done: JobOutcome) -> None:
        """On the loop: tell who waits for a frame what came of it, then count that; pose first, books after."""
        session, outcome = done.session, done.outcome
        if isinstance(outcome, Exception):
            self._note(outcome)
        self._drop_all(done.drops + done.stale)
        for frame in done.job.frames:
            receiver, _ = self._receivers.get((session, frame.ticket), (None, ""))
            if receiver is not None:
                receiver(None)
        if not isinstance(outcome, Exception):
            self.service.faults = 0
            self._count(done, outcome.found)

    def _count(self, done: JobOutcome, found: Mapping[str, Registration]) -> None:
        for task in done.job.reported_tasks:
            case = task.tracked_object.case
            if case in found:
                self.instrumentation.found(task, found[case], self.service.model_name(case), case in done.lost)

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

    def _drop(self, session: Session, drop: DroppedFrame) -> None:
        self.instrumentation.dropped(drop)
        receiver, _ = self._receivers.pop((session, drop.ticket), (None, ""))
        if receiver is not None:
            receiver(drop)
