"""The open connections of HTTP and WebSocket: how many there may be, and how long one may keep the service waiting.

A newcomer is refused only where every place is busy: of connections that ask for nothing, or whose requests stand
still, the oldest makes room. A sweep ends what takes too long; no connection has a timer of its own.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import finalize

__all__ = ["ConnectionBook", "ConnectionLimits", "Waiting"]

_log = logging.getLogger("fluoropose.service")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Numbers and times (s) that connections keep to.

    `total` and `per_address` count connections, `streams_per_address` the WebSockets among them. `header_s` is for a
    request's head, `stall_s` for the next bytes of a body or a message, `body_s` for a whole one, `idle_s` for the
    next request, `unread_s` for a client that does not read. `unread_bytes` is what all such answers may hold.
    """

    total: int = 1024
    per_address: int = 320
    streams_per_address: int = 256
    header_s: float = 10.0
    stall_s: float = 10.0
    body_s: float = 60.0
    volume_s: float = 3600.0
    idle_s: float = 30.0
    unread_s: float = 20.0
    unread_bytes: int = 96 * 2**20
    sweep_s: float = 0.5
    stalled_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a connection waits for its client for, since when (monotonic s), and the bytes that the client left unread.

    `kind` is "request", "head", "body" (or a message), or "" while the client is waited for with nothing.
    """

    kind: str
    since_s: float
    began_s: float
    unread_bytes: int = 0


class Connection(Protocol):
    """What the book knows of a connection."""

    address: str
    is_stream: bool

    def waiting(self) -> Waiting:
        """Tell what is waited for."""

    def time_out(self, words: str) -> None:
        """Tell the client that it took too long, and close."""

    def abort(self) -> None:
        """Close at once."""


class ConnectionBook:
    """Knows every connection, in the order in which they came."""

    def __init__(
        self, limits: ConnectionLimits = ConnectionLimits(), clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits
        self.refused = 0
        self.open_handshakes = 0
        self.failed_handshakes = 0
        self._clock_s = clock_s
        self._connections: dict[Connection, None] = {}
        self._addresses: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._connections)

    def admit(self, connection: Connection) -> bool:
        """Take a connection in, if need be in the place of an idle one; return False if every place is busy."""
        limits, address = self.limits, connection.address
        full = len(self._connections) >= limits.total
        if self._addresses[address] >= limits.per_address or full:
            if not self._make_room("" if full and not self._addresses[address] else address):
                self.refused += 1
                return False
        self._connections[connection] = None
        self._addresses[address] += 1
        return True

    def begin_handshake(self, connection: Any) -> Callable[[], None]:
        """Note a connection whose TLS handshake begins; return what is to be called at its end.

        Of a handshake that fails nobody is told; the connection is thrown away.
        """
        self.open_handshakes += 1
        unfinished = finalize(connection, self._fail_handshake)
        unfinished.atexit = False

        def end() -> None:
            if unfinished.detach() is not None:
                self.open_handshakes -= 1

        return end

    def _fail_handshake(self) -> None:
        self.open_handshakes -= 1
        self.failed_handshakes += 1

    def forget(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        if connection in self._connections:
            del self._connections[connection]
            self._addresses[connection.address] -= 1
            if not self._addresses[connection.address]:
                del self._addresses[connection.address]

    def has_room_for_stream(self, address: str) -> bool:
        """Tell whether an address may have one more WebSocket."""
        streams = sum(one.is_stream and one.address == address for one in self._connections)
        return streams < self.limits.streams_per_address

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(self.limits.sweep_s)
            self.sweep()

    def sweep(self) -> None:
        """End the connections that took too long, and those of the longest unread answers if all hold too much."""
        now, unread = self._clock_s(), []
        for connection in list(self._connections):
            waiting = connection.waiting()
            words = self._lateness(waiting, now)
            if waiting.unread_bytes:
                unread.append((waiting.unread_bytes, connection))
            if words is not None:
                self._end(connection, words)
        held = sum(count for count, _ in unread)
        for count, connection in sorted(unread, key=lambda item: -item[0]):
            if held <= self.limits.unread_bytes:
                break
            connection.abort()
            held -= count

    def _end(self, connection: Connection, words: str) -> None:
        """End a connection in words; one whose state allows none must not end the sweep."""
        try:
            connection.time_out(words)
        except Exception:
            _log.warning("a connection that took too long had no way to be told", exc_info=True)
            connection.abort()

    def _lateness(self, waiting: Waiting, now_s: float) -> str | None:
        """Return what took too long, None while nothing has."""
        limits, still_s, all_s = self.limits, now_s - waiting.since_s, now_s - waiting.began_s
        if waiting.unread_bytes:
            return "its answer unread" if still_s > limits.unread_s else None
        if waiting.kind == "head":
            return f"a request's head unfinished for {limits.header_s:g} s" if all_s > limits.header_s else None
        if waiting.kind == "request":
            return "no request" if still_s > limits.idle_s else None
        if waiting.kind in ("body", "volume") and still_s > limits.stall_s:
            return f"no byte of a body for {limits.stall_s:g} s"
        if waiting.kind == "body" and all_s > limits.body_s:
            return f"a body unfinished for {limits.body_s:g} s"
        return "a volume unfinished" if waiting.kind == "volume" and all_s > limits.volume_s else None

    def _make_room(self, address: str) -> bool:
        """End the oldest connection, of an address if one is given, that is idle or stands still."""
        now = self._clock_s()
        for connection in self._connections:
            if address and connection.address != address:
                continue
            waiting = connection.waiting()
            stands = waiting.kind in ("head", "body", "volume") and now - waiting.since_s > self.limits.stalled_s
            if not connection.is_stream and (waiting.kind == "request" or stands):
                self.forget(connection)
                connection.abort()
                return True
        return False
