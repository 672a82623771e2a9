"""A stream that is attached to a session takes frames in and gives events out, whichever transport carries it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from fluoropose.errors import FluoroposeError
from fluoropose.serving.events import Event, FrameProblem, Pong, StreamEnd
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.messages import EncodedFrame
from fluoropose.tracking.jobs import DroppedFrame
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change

__all__ = ["MAX_UNREAD_EVENTS", "Stream"]

MAX_UNREAD_EVENTS = 64
"""So many events other than results wait for a client that does not read; older ones go (their frames are counted)."""


class Stream:
    """One attached stream."""

    def __init__(
        self, broker: FrameBroker, session: Session, transport: str, detach: Callable[["Stream"], None]
    ) -> None:
        """Made by `StreamRegistry.attach`."""
        self.session = session
        self.transport = transport
        self._broker = broker
        self._detach = detach
        self._events: deque[Event] = deque(maxlen=MAX_UNREAD_EVENTS)
        self._wake = asyncio.Event()
        self._ended: StreamEnd | None = None
        self._finishing = False

    def offer(self, frame: EncodedFrame) -> None:
        """Take a frame in without waiting."""
        if self._ended is None:
            self._broker.offer(self.session, frame, self.transport, self._receive)

    def refuse(self, error: FluoroposeError, seq: int | None = None) -> None:
        """Count a message that holds no frame as an invalid frame, and tell the client."""
        if self._ended is None:
            self._broker.refuse(self.session, self.transport, error, seq)
            self.tell(FrameProblem(seq, error))

    def tell(self, event: Event) -> None:
        """Queue an event for the client."""
        self._events.append(event)
        self._wake.set()

    def change(self, change: Change) -> None:
        """Change the session as its client asks; a change that is refused becomes a problem event."""
        if self._ended is not None:
            return
        try:
            if not self._broker.change_at_once(self.session, change):
                self._broker.start_task(self._change_later(change))
        except FluoroposeError as error:
            self.refuse(error)

    def pong(self, client_time: float) -> None:
        """Answer a ping; a client learns from it how its clock differs from ours."""
        self.tell(Pong(client_time, time.time()))

    async def next(self) -> list[Event]:
        """Wait for events and return them, the newest result among them; no event follows `StreamEnd`."""
        while True:
            self._wake.clear()
            events = list(self._events)
            self._events.clear()
            given = self._broker.hand_over(self.session, self.transport) if self._ended is None else None
            if isinstance(given, DroppedFrame):
                events.append(FrameProblem(given.seq, given.error))
            elif given is not None:
                events.append(given)
            if self._finishing and self._broker.in_flight(self.session) == 0:
                self._ended = self._ended or StreamEnd("closed")
            if self._ended is not None:
                events.append(self._ended)
            if events:
                return events
            await self._wake.wait()

    def end(self, reason: str) -> None:
        """End the stream after the events that are queued."""
        self._ended = self._ended or StreamEnd(reason)
        self._wake.set()

    def finish(self) -> None:
        """End the stream once the frames in flight are answered: the client sends nothing more."""
        self._finishing = True
        self._wake.set()

    def close(self) -> None:
        """Detach the stream: the client has gone and may come back to its session."""
        self._detach(self)

    async def _change_later(self, change: Change) -> None:
        try:
            await self._broker.change(self.session, change)
        except FluoroposeError as error:
            self.refuse(error)

    def _receive(self, dropped: DroppedFrame | None) -> None:
        """Wake the reader for a result that is ready, or queue the problem of a frame that was dropped."""
        if dropped is None:
            self._wake.set()
        elif dropped.reason not in ("superseded", "disconnected"):
            self.tell(FrameProblem(dropped.seq, dropped.error))
