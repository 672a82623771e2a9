"""WebSocket of uvicorn behind a meter: limits hold before a frame is parsed, and unfinished messages have a budget."""

import time
from asyncio.transports import BaseTransport
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from fluoropose.transports.byte_budget import ByteBudget
from fluoropose.transports.connection_book import ConnectionBook, Waiting
from fluoropose.transports.ws_meter import PolicyError, WebSocketMeter

__all__ = ["GuardedWebSocket"]

_POLICY, _TRY_AGAIN = 1008, 1013


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """One connection."""

    is_stream = True

    def __init__(self, book: ConnectionBook, budget: ByteBudget, *arguments: Any, **fields: Any) -> None:
        super().__init__(*arguments, **fields)
        self.address = ""
        self._book = book
        self._budget = budget
        self._meter = WebSocketMeter()
        self._held = 0
        self._unread = 0
        self._moved_s = time.monotonic()

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the place of the connection that asked for the stream."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._book.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place and the bytes back.

        The parser and its last error hold each other, and with them what came of an unfinished message, until the
        collector comes by: the message goes now.
        """
        self._book.forget(self)
        self._hold(0)
        super().connection_lost(exc)
        self.conn.reader.discard()

    def data_received(self, data: bytes) -> None:
        """Count what came, and handle it."""
        self._moved_s = time.monotonic()
        if self.handshake_initiated and not self.close_sent:
            try:
                self._meter.feed(data, self._moved_s)
            except PolicyError as error:
                self._refuse(_POLICY, str(error))
                return
            if not self._hold(self._meter.message_bytes):
                self._refuse(_TRY_AGAIN, "too many unfinished messages at once")
                return
        super().data_received(data)

    def waiting(self) -> Waiting:
        """Tell what is waited for: the rest of a message, if one has begun."""
        unread = self.transport.get_write_buffer_size()
        if unread < self._unread:
            self._moved_s = time.monotonic()
        self._unread = unread
        kind = "body" if self._meter.began_s and not self.read_paused else ""
        return Waiting(kind, self._moved_s, self._meter.began_s or self._moved_s, unread)

    def time_out(self, words: str) -> None:
        """Tell the client that it took too long, and close."""
        if self.transport.get_write_buffer_size():
            self.abort()
        else:
            self._refuse(_POLICY, f"expected a message in time, got {words}")

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()

    def _refuse(self, code: int, words: str) -> None:
        """Close with a code and words, and read no more."""
        self._hold(0)
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": words})
        self.conn.fail(code, words)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def _hold(self, count: int) -> bool:
        """Hold so many bytes of the budget; return False if there are not so many."""
        if count > self._held and not self._budget.take(self.address, count - self._held):
            return False
        if count < self._held:
            self._budget.give_back(self.address, self._held - count)
        self._held = count
        return True
