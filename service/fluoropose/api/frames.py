"""One frame of a session on its way: order, age, newest first, then the engine's thread. Async, no HTTP here."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from numpy.typing import NDArray

from fluoropose.api.codec import captured_seconds, frame_from_body, result_model
from fluoropose.api.schemas import FrameMeta, ResultModel
from fluoropose.errors import ConflictError, FluoroposeError, FrameError, NotReadyError
from fluoropose.runtime.service import Service
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.session import Session

__all__ = ["FrameDesk", "FrameStaleError", "FrameSupersededError", "OverloadedError", "SequenceError"]

T = TypeVar("T")

MAX_WAITING = 64
"""Frames that may wait for the engine over all sessions; more is overload, said at once."""


class FrameSupersededError(ConflictError):
    """A newer frame of the session arrived while this one waited."""

    code = "frame-superseded"


class SequenceError(ConflictError):
    """A frame's number does not rise."""

    code = "sequence-conflict"


class FrameStaleError(FrameError):
    """The frame was older than the session allows."""

    code = "frame-stale"


class OverloadedError(NotReadyError):
    """More frames wait than may."""

    code = "overloaded"


@dataclass(slots=True)
class _Slot:
    """One session's place: a lock for the running frame, the ticket of the newest waiting one, drops to report."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: int = 0
    waiting: int = 0
    dropped: int = 0


class FrameDesk:
    """Takes frames of all sessions to the engine, one running and one waiting per session."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        """Use one thread for the engine and one for decoding and rendering."""
        self.service = service
        self.metrics = metrics
        self._engine_thread = ThreadPoolExecutor(1, "engine")
        self._pixel_threads = ThreadPoolExecutor(1, "pixels")
        self._slots: WeakKeyDictionary[Session, _Slot] = WeakKeyDictionary()
        self._waiting = 0

    def close(self) -> None:
        """Finish what runs and stop both threads."""
        self._engine_thread.shutdown(wait=True)
        self._pixel_threads.shutdown(wait=True)

    async def on_pixels(self, work: Callable[[], T]) -> T:
        """Run decoding or rendering off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pixel_threads, work)

    async def on_engine(self, work: Callable[[], T]) -> T:
        """Run engine work off the event loop, in order of arrival; refuse when too much waits."""
        if self._waiting >= MAX_WAITING:
            raise OverloadedError(f"expected at most {MAX_WAITING} waiting frames, got one more; send fewer")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._engine_thread, work)
        finally:
            self._waiting -= 1

    def supersede(self, session: Session, transport: str) -> None:
        """Count a frame that a newer one replaced before it got here."""
        self.metrics.frames_received.labels(transport).inc()
        self.metrics.frames_dropped.labels("superseded").inc()
        session.counters["dropped"] += 1
        self._slots.setdefault(session, _Slot()).dropped += 1

    async def submit(
        self, session: Session, body: bytes, media_type: str, meta: FrameMeta, transport: str = "http"
    ) -> ResultModel:
        """Answer one frame of a session, or raise what keeps it from being answered; both are counted."""
        arrived = time.perf_counter_ns()
        received_at = time.time()
        self.metrics.frames_received.labels(transport).inc()
        try:
            captured = captured_seconds(meta)
            camera = session.settings.camera
            pixels = await self.on_pixels(lambda: frame_from_body(body, media_type, meta, camera))
            decoded_ms = (time.perf_counter_ns() - arrived) / 1e6
            captured_s = captured or received_at
            model = await self._in_turn(session, pixels, meta, decoded_ms, captured_s)
            self._count(model, transport, captured_s)
            return model
        except FluoroposeError as error:
            self.metrics.frames_dropped.labels(_reason(error)).inc()
            session.counters["dropped"] += 1
            raise

    async def _in_turn(
        self, session: Session, pixels: NDArray[Any], meta: FrameMeta, decoded_ms: float, captured_s: float
    ) -> ResultModel:
        slot = self._slots.setdefault(session, _Slot())
        slot.newest += 1
        ticket = slot.newest
        if slot.lock.locked() and slot.waiting and session.settings.policy == "reject":
            slot.dropped += 1
            raise FrameSupersededError("expected room for one waiting frame, got one that waits already")
        slot.waiting += 1
        queued = time.perf_counter_ns()
        try:
            await slot.lock.acquire()
        finally:
            slot.waiting -= 1
        try:
            if session.settings.policy == "latest" and ticket != slot.newest:
                slot.dropped += 1
                raise FrameSupersededError("expected to be the newest frame, got a newer one while this one waited")
            seq = _checked_seq(session, meta.seq)
            _require_fresh(session, captured_s)
            found = await self.on_engine(lambda: self._timed(session, pixels, seq))
            registration, started = found
            timing = {"decode": decoded_ms, "queue": (started - queued) / 1e6, **registration.timing_ms}
            timing["total"] = sum(value for stage, value in timing.items() if stage != "total")
            registration = type(registration)(registration.camera_from_volume, registration.judgement, timing)
            dropped, slot.dropped = slot.dropped, 0
        finally:
            slot.lock.release()
        model = self.service.record(session.settings.case).model or ""
        case, device = session.settings.case, self.service.device.label
        return result_model(registration, seq, case, model, device, dropped)

    def _timed(self, session: Session, pixels: NDArray[Any], seq: int) -> tuple[Any, int]:
        started = time.perf_counter_ns()
        return self.service.track(session, pixels, seq), started

    def _count(self, model: ResultModel, transport: str, captured_s: float) -> None:
        self.metrics.frames_completed.labels(transport, model.status).inc()
        self.metrics.confidence.observe(model.confidence)
        self.metrics.observe_stages(model.timing_ms)
        self.metrics.frame_age.labels(transport).observe(max(0.0, time.time() - captured_s))


def _checked_seq(session: Session, seq: int | None) -> int:
    if seq is None:
        return session.last_seq + 1
    if seq <= session.last_seq:
        raise SequenceError(f"expected a frame number above {session.last_seq}, got {seq}")
    return seq


def _require_fresh(session: Session, captured_s: float) -> None:
    limit = session.settings.max_frame_age_ms
    age_ms = 1e3 * (time.time() - captured_s)
    if limit is not None and age_ms > limit:
        raise FrameStaleError(f"expected a frame of at most {limit:g} ms of age, got {age_ms:.0f} ms")


def _reason(error: FluoroposeError) -> str:
    reasons = {"frame-superseded": "superseded", "frame-stale": "stale_queue", "overloaded": "rejected"}
    return reasons.get(error.code, "invalid")
