"""The way of a job's outcome to whoever brought its frames: from a worker's thread to receivers on the event loop."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.registration.result import Registration
from fluoropose.serving.instrumentation import Instrumentation
from fluoropose.serving.job_outcome import Drops, JobOutcome
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import DroppedFrame
from fluoropose.tracking.session import Session

__all__ = ["OutcomeDelivery", "Receiver"]

Receiver = Callable[[DroppedFrame | None], None]
"""A receiver is called with a frame that was dropped, or with None once the frame's result can be handed over."""

_log = logging.getLogger("fluoropose.frames")


class OutcomeDelivery:
    """Calls receivers and records outcomes. Everything but `post` belongs to the event loop."""

    def __init__(self, service: Service, instrumentation: Instrumentation) -> None:
        """Deliver nothing before `use_loop`."""
        self._service = service
        self._instrumentation = instrumentation
        self._receivers: dict[tuple[Session, int], Receiver] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waits(self) -> bool:
        """Whether a receiver waits to be called."""
        return bool(self._receivers)

    def use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver on this event loop from now on."""
        self._loop = loop

    def expect(self, session: Session, ticket: int, receiver: Receiver) -> None:
        """Note who is to be called for a frame."""
        self._receivers[session, ticket] = receiver

    def forget(self, session: Session, ticket: int) -> None:
        """Call nobody for a frame any more: its result was handed over."""
        self._receivers.pop((session, ticket), None)

    def drop_all(self, drops: Drops) -> None:
        """Record frames that were dropped and call their receivers."""
        for session, drop in drops:
            self._instrumentation.record_dropped(drop)
            receiver = self._receivers.pop((session, drop.ticket), None)
            if receiver is not None:
                receiver(drop)

    def post(self, done: JobOutcome) -> None:
        """Post a job's outcome from a worker's thread to the event loop; discard it after the event loop has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver, done)

    def _deliver(self, done: JobOutcome) -> None:
        """Call the receivers of a job's frames first, then record the job in the metrics."""
        session, outcome = done.session, done.outcome
        if isinstance(outcome, Exception):
            self._record_failure(outcome)
        self.drop_all(done.drops + done.stale)
        for frame in done.job.frames:
            receiver = self._receivers.get((session, frame.ticket))
            if receiver is not None:
                receiver(None)
        if not isinstance(outcome, Exception):
            self._service.faults = 0
            self._record_registrations(done, outcome.found)

    def _record_registrations(self, done: JobOutcome, found: Mapping[str, Registration]) -> None:
        for task in done.job.reported_tasks:
            case = task.tracked_object.case
            if case in found:
                model, lost = self._service.model_name(case), case in done.lost
                self._instrumentation.record_registration(task, found[case], model, lost)

    def _record_failure(self, error: Exception) -> None:
        """Count and log the failures that are the service's; a frame that cannot be used is its client's."""
        if isinstance(error, DeviceError):
            self._service.faults += 1
            self._instrumentation.record_failure("backend")
            _log.error("the device failed on a frame", extra={"fields": {"error": str(error)}})
        elif not isinstance(error, FluoroposeError):
            self._instrumentation.record_failure("other")
            _log.error("a fault in a frame's work", exc_info=error)
