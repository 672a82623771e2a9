"""A stream that is attached to a session takes frames in and gives events out; a session has one stream at most."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from fluoropose.arrays import Mat44
from fluoropose.errors import ConflictError, FluoroposeError, NotReadyError
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.messages import EncodedFrame, FrameResult
from fluoropose.tracking.jobs import DroppedFrame
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change, SessionSettings

__all__ = ["Event", "FrameProblem", "GoingAway", "Pong", "Stream", "StreamEnd", "StreamRegistry", "WriterError"]

_KEPT = 64
"""So many events other than results wait for a client that does not read; older ones go (their frames are counted)."""


class WriterError(ConflictError):
    """Another stream or request sends this session's frames."""

    code = "session-taken"


@dataclass(frozen=True, slots=True)
class FrameProblem:
    """A frame that cannot be answered, and the reason."""

    seq: int | None
    error: FluoroposeError


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping: the client's time as it came, the server's Unix time in s."""

    client_time: float
    server_time: float


@dataclass(frozen=True, slots=True, eq=False)
class GoingAway:
    """The service stops: open a session elsewhere after `reconnect_after_ms`, beginning at `last_pose`."""

    reconnect_after_ms: int
    last_pose: Mat44 | None


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The last event: "closed", "expired", "taken-over" or "going-away"."""

    reason: str


Event = FrameResult | FrameProblem | GoingAway | Pong | StreamEnd


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
        self._events: deque[Event] = deque(maxlen=_KEPT)
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


class StreamRegistry:
    """Knows which session has a stream; ends them when the service goes away."""

    def __init__(self, broker: FrameBroker) -> None:
        """Attach streams to the sessions of one frame broker."""
        self._broker = broker
        self._streams: dict[Session, Stream] = {}

    def __len__(self) -> int:
        """Return the number of attached streams."""
        return len(self._streams)

    async def open(self, settings: SessionSettings, owner: str = "") -> Session:
        """Open a session off the event loop, since its case may have to be loaded; raise as `Service.open_session`."""
        service, outcomes = self._broker.service, self._broker.metrics.sessions
        if service.draining:
            raise NotReadyError("expected a service that takes sessions, got one that is going away")
        try:
            session = await self._broker.run_off_loop(lambda: service.open_session(settings, owner))
        except FluoroposeError:
            outcomes.labels("failed").inc()
            raise
        outcomes.labels("opened").inc()
        return session

    def attach(self, session: Session, transport: str, takeover: bool = False) -> Stream:
        """Attach a stream to a session.

        Raises
        ------
        WriterError
            If the session has a stream and `takeover` is not set; with `takeover` the old stream ends.
        """
        old = self._streams.get(session)
        if old is not None and not takeover:
            raise WriterError("expected a session without a stream, got one that has one; say takeover to replace it")
        if old is not None:
            old.end("taken-over")
            self._remove(old)
        stream = Stream(self._broker, session, transport, self._remove)
        self._streams[session] = stream
        self._broker.join(session)
        self._broker.metrics.streams_active.labels(transport).inc()
        return stream

    def require_free(self, session: Session) -> None:
        """Raise WriterError if the session has a stream."""
        if session in self._streams:
            raise WriterError("expected a session without a stream, got one that a stream feeds")

    def close(self, session: Session) -> None:
        """Close a session for its client, or because its case is deleted: forget the session and end its stream."""
        self._broker.service.sessions.close(session.name)
        self.end(session, "closed")
        self._broker.metrics.sessions.labels("closed").inc()

    def end(self, session: Session, reason: str) -> None:
        """End a session and its stream."""
        stream = self._streams.get(session)
        self._broker.end(session)
        if stream is not None:
            stream.end(reason)

    async def drain(self, grace_s: float, reconnect_after_ms: int = 500) -> None:
        """Announce the end to all streams, answer the frames in flight for at most `grace_s`, then end the streams."""
        self._broker.drain_sessions()
        for stream in self._streams.values():
            stream.tell(GoingAway(reconnect_after_ms, stream.session.tracker.last_pose))
        clock_s = asyncio.get_running_loop().time
        deadline_s = clock_s() + grace_s
        while any(self._broker.in_flight(one) for one in self._streams) and clock_s() < deadline_s:
            await asyncio.sleep(0.005)
        for stream in list(self._streams.values()):
            stream.end("going-away")

    def count(self, transport: str) -> int:
        """Return how many streams of a transport are attached."""
        return sum(stream.transport == transport for stream in self._streams.values())

    def _remove(self, stream: Stream) -> None:
        if self._streams.get(stream.session) is stream:
            del self._streams[stream.session]
            self._broker.leave(stream.session)
            self._broker.metrics.streams_active.labels(stream.transport).dec()
