"""Which sessions have a stream: one at most each; all streams end when the service goes away."""

import asyncio
from collections.abc import Collection
from contextlib import suppress

from fluoropose.errors import ConflictError, FluoroposeError, NotReadyError, UnknownSessionError
from fluoropose.serving.events import GoingAway
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.stream import Stream
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change, SessionSettings

__all__ = ["StreamRegistry", "WriterError"]


class WriterError(ConflictError):
    """Another stream or request sends this session's frames."""

    code = "session-taken"


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

    async def release_case(self, case: str) -> None:
        """Take a case that goes out of the sessions that have others beside it, and close those that have not."""
        for session in self._broker.service.sessions.of_case(case):
            if {case} < set(session.objects):
                await self._broker.change(session, Change(remove=(case,)))
            else:
                self.close(session)

    def end(self, session: Session, reason: str) -> None:
        """End a session, its stream and its observers."""
        stream = self._streams.get(session)
        self._broker.end(session)
        self._broker.watches.end(session, reason)
        if stream is not None:
            stream.end(reason)

    def revoke(self, owners: Collection[str]) -> None:
        """Close the sessions of keys that are not valid any more and end their streams."""
        sessions = self._broker.service.sessions
        for session in [*sessions.all(), *self._streams]:
            if session.owner in owners:
                with suppress(UnknownSessionError):
                    sessions.close(session.name)
                    self._broker.metrics.sessions.labels("revoked").inc()
                self.end(session, "revoked")

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
        self._broker.watches.end_all("going-away")

    def count(self, transport: str) -> int:
        """Return how many streams of a transport are attached."""
        return sum(stream.transport == transport for stream in self._streams.values())

    def _remove(self, stream: Stream) -> None:
        if self._streams.get(stream.session) is stream:
            del self._streams[stream.session]
            self._broker.leave(stream.session)
            self._broker.metrics.streams_active.labels(stream.transport).dec()
