"""The frame broker takes the frames of all sessions in, has them worked on in fair turns, and hands results over.

A session decides what becomes of its frames (it is a core without I/O and threads). The broker carries the session's
decisions out and informs whoever brought the frame. Two kinds of threads meet here, under the lock of the scheduler:

- The event loop offers frames, hands results over and ends sessions. Metrics, receivers and everything that a client is
  told belong to the event loop alone. The event loop also gives an idle worker its first frame.
- A worker's thread does one job after another. It posts the outcome of each job to the event loop, which informs the
  client while the worker computes the next job.

Nobody but the broker and the scheduler takes that lock: streams, routes and housekeeping call the methods below.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from fluoropose.arrays import Vec3
from fluoropose.errors import FluoroposeError
from fluoropose.serving.instrumentation import Instrumentation
from fluoropose.serving.job_outcome import JobOutcome
from fluoropose.serving.messages import CompressedFrame, EncodedFrame, FrameResult
from fluoropose.serving.outcome_delivery import OutcomeDelivery, Receiver
from fluoropose.serving.scheduler import Scheduler
from fluoropose.serving.service import Service
from fluoropose.serving.session_description import SessionDescription, describe_session
from fluoropose.serving.session_recorder import SessionRecorder
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.serving.watch_registry import WatchRegistry
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.jobs import DroppedFrame
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change

__all__ = ["FrameBroker", "MAX_WAITING"]

T = TypeVar("T")
MAX_WAITING = 64
"""So many frames of all sessions may wait for the device; one more is refused at once as overload."""


class FrameBroker:
    """The one frame broker of a service."""

    def __init__(
        self,
        service: Service,
        metrics: Metrics,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        max_waiting: int = MAX_WAITING,
        recorder: SessionRecorder | None = None,
    ) -> None:
        """Use one thread for tracking, one for searching, and one for work that is not urgent.

        A `recorder` gets every finished job, after whoever waits for its results.
        """
        self.service = service
        self.metrics = metrics
        self.watches = WatchRegistry(service)
        self._instrumentation = Instrumentation(metrics)
        self._clock_ns = clock_ns
        self._max_waiting = max_waiting
        self._delivery = OutcomeDelivery(service, self._instrumentation)
        self._scheduler = Scheduler(service, clock_ns, self._hand_on)
        self._lock = self._scheduler.lock
        self._background = ThreadPoolExecutor(1, "background")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._recorder = recorder

    def warm_decoders(self) -> None:
        """Start the processes that decode compressed frames; the first such frame would wait for them."""
        self._scheduler.decoder.warm()

    def _hand_on(self, done: JobOutcome) -> None:
        """Take a worker's finished job, on that worker's thread."""
        self._delivery.post(done)
        if self._recorder is not None:
            self._recorder.take(done)

    @property
    def pending(self) -> int:
        """How many frames wait for the device."""
        with self._lock:
            return self._scheduler.count()

    @property
    def closing(self) -> bool:
        """Whether no frame is given to a worker any more."""
        return self._scheduler.closing

    @property
    def idle(self) -> bool:
        """Whether no worker has a job and no receiver waits to be called."""
        return not self._delivery.waits and all(worker.idle for worker in self._scheduler.workers)

    @property
    def heartbeat_s(self) -> float:
        """The Unix time at which the tracking worker last took or finished a job; now, while the worker is idle."""
        return self._scheduler.heartbeat_s

    def is_stuck(self, seconds: float) -> bool:
        """Tell whether one job has kept a worker busy for longer than `seconds`."""
        return self._scheduler.is_stuck(seconds)

    def close(self) -> None:
        """Finish the jobs that run, take no other, and stop the threads."""
        self._scheduler.close()
        self._background.shutdown(wait=True)
        self.watches.close()

    async def run_off_loop(self, work: Callable[[], T]) -> T:
        """Run work that is not a session's frame (rendering, reading a case) on a thread beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._background, work)

    async def decode_aside(self, frame: EncodedFrame) -> EncodedFrame | CompressedFrame:
        """Return a frame that is no session's, decoded if that takes work; its pixels, or its error, are there then."""
        payload = frame.payload()
        if isinstance(payload, CompressedFrame):
            loop = asyncio.get_running_loop()
            decoded = asyncio.Event()

            def tell() -> None:
                loop.call_soon_threadsafe(decoded.set)

            self._scheduler.decoder.submit(payload, [payload], tell)
            await decoded.wait()
        return payload

    def start_task(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start a task on the running event loop and hold it until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def answer(self, session: Session, frame: EncodedFrame, transport: str) -> FrameResult:
        """Return the result of one frame, or raise the error that the frame was dropped for."""
        future: asyncio.Future[FrameResult] = asyncio.get_running_loop().create_future()

        def receive(dropped: DroppedFrame | None) -> None:
            given = self.hand_over(session, transport, ticket) if dropped is None else dropped
            if future.done() or given is None:
                return
            if isinstance(given, FrameResult):
                future.set_result(given)
            else:
                future.set_exception(given.error)

        ticket = self.offer(session, frame, transport, receive)
        return await future

    async def answer_views(self, session: Session, frames: Sequence[EncodedFrame], transport: str) -> FrameResult:
        """Return the joint result of one frame of each camera; raise the error of the first frame that is dropped."""
        loop = asyncio.get_running_loop()
        outcomes: list[asyncio.Future[FrameResult | DroppedFrame]] = [loop.create_future() for _ in frames]

        def receive(number: int, dropped: DroppedFrame | None) -> None:
            """Take a frame's outcome, though nobody may wait for it any more: it is counted."""
            given = self.hand_over(session, transport, tickets[number]) if dropped is None else dropped
            if given is not None and not outcomes[number].done():
                outcomes[number].set_result(given)

        tickets = self._offer(session, [(frame, partial(receive, n)) for n, frame in enumerate(frames)], transport)
        given = await asyncio.gather(*outcomes)
        for one in given:
            if isinstance(one, DroppedFrame):
                raise one.error
        if not isinstance(given[0], FrameResult):
            raise AssertionError("expected the result of a frame that was not dropped, got none")
        return given[0]

    def offer(self, session: Session, frame: EncodedFrame, transport: str, receiver: Receiver) -> int:
        """Take a frame in and return its ticket. The receiver is called once, on the event loop.

        The receiver is called before this returns only if the frame is dropped at once.
        """
        return self._offer(session, [(frame, receiver)], transport)[0]

    def refuse(self, session: Session, transport: str, error: FluoroposeError, seq: int | None = None) -> None:
        """Count a message that holds no frame."""
        self._instrumentation.record_received(session, transport, self._clock_ns())
        with self._lock:
            drop = session.refuse(error, seq)
        self._instrumentation.record_dropped(drop)

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
        """Change a session before its next frame; return False if a case has to be loaded first (see `change`)."""
        centres_mm = self.service.resident_centres_mm(change)
        if centres_mm is None:
            return False
        self._change(session, change, centres_mm)
        return True

    def describe(self, session: Session) -> SessionDescription:
        """Return the state and the counts of a session."""
        with self._lock:
            return describe_session(session)

    def in_flight(self, session: Session) -> int:
        """Return how many frames of a session are neither answered nor dropped yet."""
        with self._lock:
            return session.in_flight

    def hand_over(
        self, session: Session, transport: str, ticket: int | None = None
    ) -> FrameResult | DroppedFrame | None:
        """Return the result that a session has for its client, a frame that grew too old meanwhile, or None.

        With a `ticket`, only that frame's result is returned: a newer one may have taken its place.
        """
        now = self._clock_ns()
        with self._lock:
            given = session.hand_over(now, ticket)
        if given is None:
            return None
        if isinstance(given, DroppedFrame):
            self._delivery.forget(session, given.ticket)
            self._instrumentation.record_dropped(given)
            return given
        self._delivery.forget(session, given.frame.ticket)
        age_ms = (now - given.frame.captured_ns) / 1e6
        result: FrameResult = replace(given.answer, age_ms=age_ms, dropped=given.dropped)
        self._instrumentation.record_result(session, transport, result)
        self.watches.show(session, given.frame, result)
        return result

    def join(self, session: Session) -> None:
        """Note that a client is there (again) to take a session's results."""
        with self._lock:
            session.join()

    def leave(self, session: Session, reason: str = "disconnected") -> None:
        """Drop the frames of a session whose client has gone; the session stays open."""
        with self._lock:
            gone = session.leave(reason)
            self._scheduler.forget(session)
        self._delivery.drop_all([(session, drop) for drop in gone])

    def end(self, session: Session, reason: str = "disconnected") -> None:
        """End a session: none of its frames is answered any more."""
        with self._lock:
            gone = session.close(reason)
            self._scheduler.end(session)
        self._delivery.drop_all([(session, drop) for drop in gone])

    def drain_sessions(self) -> None:
        """Let every open session refuse new frames; frames in flight are still answered."""
        with self._lock:
            for session in self.service.sessions.all():
                session.drain()

    def _offer(self, session: Session, brought: Sequence[tuple[EncodedFrame, Receiver]], transport: str) -> list[int]:
        """Take frames in before a worker is given any of them; return their tickets."""
        self._delivery.use_loop(asyncio.get_running_loop())
        now = self._clock_ns()
        dropped: list[DroppedFrame] = []
        tickets = []
        for _ in brought:
            self._instrumentation.record_received(session, transport, now)
        with self._lock:
            for frame, _ in brought:
                ticket, gone = self._take_in(session, frame, now)
                tickets.append(ticket)
                dropped += gone
            self._scheduler.enqueue(session)
            stale = self._scheduler.assign_work()
        for ticket, (_, receiver) in zip(tickets, brought, strict=True):
            self._delivery.expect(session, ticket, receiver)
        self._delivery.drop_all([(session, drop) for drop in dropped] + stale)
        return tickets

    def _take_in(self, session: Session, frame: EncodedFrame, now_ns: int) -> tuple[int, list[DroppedFrame]]:
        """Offer a frame to its session, under the lock; return its ticket and the frames that were dropped for it."""
        age_s = 0.0 if frame.captured_s is None else time.time() - frame.captured_s
        age_ns = int(1e9 * max(0.0, min(age_s, 1e6)))
        ticket, dropped = session.offer(
            frame.payload(), frame.seq, age_ns, now_ns, frame.captured_s, frame.camera, frame.camera_from_world
        )
        taken = any(waiting.ticket == ticket for waiting in session.waiting.values())
        if taken and self._scheduler.count(session) > self._max_waiting:
            full = OverloadedError(f"expected at most {self._max_waiting} waiting frames, got one more; send fewer")
            dropped.append(session.refuse_waiting(full, ticket))
        return ticket, dropped

    def _change(self, session: Session, change: Change, centres_mm: Mapping[str, Vec3]) -> None:
        with self._lock:
            session.change(change, centres_mm)
            stale = self._scheduler.assign_work()
        self._delivery.drop_all(stale)
