"""A stream attached to a session: frames in, events out, whatever carries them. One writer per session."""

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
"""Events other than results that wait for a client which does not read; older ones go, they are counted anyway."""


class WriterError(ConflictError):
    """Another stream or request feeds this session."""

    code = "session-taken"


@dataclass(frozen=True, slots=True)
class FrameProblem:
    """A frame that cannot be answered and why."""

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
        """Take a frame in; never waits."""
        if self._ended is None:
            self._broker.offer(self.session, frame, self.transport, self._told)

    def refuse(self, error: FluoroposeError, seq: int | None = None) -> None:
        """Count a message that holds no frame as one that is invalid, and tell the client."""
        if self._ended is None:
            self._broker.refuse(self.session, self.transport, error, seq)
            self.tell(FrameProblem(seq, error))

    def tell(self, event: Event) -> None:
        """Put an event in line."""
        self._events.append(event)
        self._wake.set()

    def change(self, change: Change) -> None:
        """Change the session as its client asks; what is wrong with that is told as a problem."""
        if self._ended is not None:
            return
        try:
            if not self._broker.change_at_once(self.session, change):
                self._broker.keep(self._changed(change))
        except FluoroposeError as error:
            self.refuse(error)

    def pong(self, client_time: float) -> None:
        """Answer a ping: with it a client learns how its clock lies to ours."""
        self.tell(Pong(client_time, time.time()))

    async def next(self) -> list[Event]:
        """Wait for events and return them, the newest answer among them; after `StreamEnd` there are none."""
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
        """Let the stream end after what is in line."""
        self._ended = self._ended or StreamEnd(reason)
        self._wake.set()

    def finish(self) -> None:
        """End once what is in flight has been answered: the client has said its last."""
        self._finishing = True
        self._wake.set()

    def close(self) -> None:
        """Detach: the client has gone, the session stays for it to come back to."""
        self._detach(self)

    async def _changed(self, change: Change) -> None:
        try:
            await self._broker.change(self.session, change)
        except FluoroposeError as error:
            self.refuse(error)

    def _told(self, dropped: DroppedFrame | None) -> None:
        if dropped is None:
            self._wake.set()
        elif dropped.reason not in ("superseded", "disconnected"):
            self.tell(FrameProblem(dropped.seq, dropped.error))


class StreamRegistry:
    """Knows which session has a stream; ends them when the service goes away."""

    def __init__(self, broker: FrameBroker) -> None:
        """Over a desk."""
        self.broker = broker
        self._streams: dict[Session, Stream] = {}

    def __len__(self) -> int:
        """Return the number of attached streams."""
        return len(self._streams)

    async def open(self, settings: SessionSettings, owner: str = "") -> Session:
        """Open a session, off the event loop since its case may have to be loaded; see `Service.open_session`."""
        service, outcomes = self.broker.service, self.broker.metrics.sessions
        if service.draining:
            raise NotReadyError("expected a service that takes sessions, got one that is going away")
        try:
            session = await self.broker.run_off_loop(lambda: service.open_session(settings, owner))
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
            If it has one already and `takeover` is not said; with it, the old one ends.
        """
        old = self._streams.get(session)
        if old is not None and not takeover:
            raise WriterError("expected a session without a stream, got one that has one; say takeover to replace it")
        if old is not None:
            old.end("taken-over")
            self._remove(old)
        stream = Stream(self.broker, session, transport, self._remove)
        self._streams[session] = stream
        with self.broker.lock:
            session.join()
        self.broker.metrics.streams_active.labels(transport).inc()
        return stream

    def require_free(self, session: Session) -> None:
        """Raise WriterError if a stream feeds the session."""
        if session in self._streams:
            raise WriterError("expected a session without a stream, got one that a stream feeds")

    def close(self, session: Session) -> None:
        """Close a session as its client, or who deletes its case, asks: it is forgotten and its stream ends."""
        self.broker.service.sessions.close(session.name)
        self.end(session, "closed")
        self.broker.metrics.sessions.labels("closed").inc()

    def end(self, session: Session, reason: str) -> None:
        """End a session and its stream."""
        stream = self._streams.get(session)
        self.broker.end(session)
        if stream is not None:
            stream.end(reason)

    async def drain(self, grace_s: float, reconnect_after_ms: int = 500) -> None:
        """Tell all streams, answer what is in flight, end them; at most `grace_s` long."""
        with self.broker.lock:
            for session in self.broker.service.sessions.all():
                session.drain()
        for stream in self._streams.values():
            stream.tell(GoingAway(reconnect_after_ms, stream.session.tracker.last_pose))
        deadline = asyncio.get_running_loop().time() + grace_s
        while any(self.broker.in_flight(one) for one in self._streams) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.005)
        for stream in list(self._streams.values()):
            stream.end("going-away")

    def count(self, transport: str) -> int:
        """Return how many streams of a transport are attached."""
        return sum(stream.transport == transport for stream in self._streams.values())

    def _remove(self, stream: Stream) -> None:
        if self._streams.get(stream.session) is stream:
            del self._streams[stream.session]
            self.broker.leave(stream.session)
            self.broker.metrics.streams_active.labels(stream.transport).dec()
