"""HTTP/1.1 of uvicorn with the limits of a connection book: a place for each connection, a time for each step."""

import asyncio
import json
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from fluoropose.transports.connection_book import ConnectionBook, Waiting

__all__ = ["GuardedHttp"]

_UPLOADS = ("/v1/cases", "/v1/check")
"""Volumes may take long to come; they go to disk."""


class GuardedHttp(H11Protocol):
    """One connection."""

    is_stream = False

    def __init__(self, book: ConnectionBook, *arguments: Any, **fields: Any) -> None:
        super().__init__(*arguments, **fields)
        self.address = ""
        self._book = book
        self._end_handshake = book.begin_handshake(self)
        self._began_s = self._moved_s = time.monotonic()
        self._in_head = False
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, or answer that there is none."""
        self._end_handshake()
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if not self._book.admit(self):
            self._answer(503, "overloaded", "expected fewer connections at once, got too many; try again later")

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._book.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that something came, and handle it."""
        now = time.monotonic()
        if not self._in_head and self._awaits_request():
            self._in_head, self._began_s = True, now
        self._moved_s = now
        if not self.transport.is_closing():
            super().data_received(data)
        if not self._awaits_request():
            self._in_head = False

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Give the place to the stream, or refuse one too many."""
        if not self._book.has_room_for_stream(self.address):
            self._answer(503, "overloaded", "expected fewer streams of one address, got too many")
            return
        self._book.forget(self)
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._in_head, self._began_s, self._moved_s = False, time.monotonic(), time.monotonic()
        super().on_response_complete()

    def waiting(self) -> Waiting:
        """Tell what is waited for."""
        unread = self.transport.get_write_buffer_size()
        if unread < self._unread:
            self._moved_s = time.monotonic()
        self._unread = unread
        kind = ""
        if unread == 0 and self._awaits_request():
            kind = "head" if self._in_head else "request"
        elif unread == 0 and self.cycle is not None and self.cycle.more_body and not self.flow.read_paused:
            kind = "volume" if self.scope["path"] in _UPLOADS else "body"
        return Waiting(kind, self._moved_s, self._began_s, unread)

    def time_out(self, words: str) -> None:
        """Tell the client that it took too long, and close."""
        if self.transport.get_write_buffer_size() or not self._in_head and self._awaits_request():
            self.abort()
        else:
            self._answer(408, "request-timeout", f"expected a request in time, got {words}")

    def abort(self) -> None:
        """Close at once."""
        if self._awaits_request() and not self._in_head and not self.transport.get_write_buffer_size():
            self.transport.close()
        else:
            self.transport.abort()

    def _awaits_request(self) -> bool:
        return self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body)

    def _answer(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem in place of the application, if it has not begun to, and close."""
        fields = {"type": f"urn:fluoropose:problem:{code}", "title": "Connection refused", "status": status}
        body = json.dumps(fields | {"detail": detail, "code": code}).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"retry-after", b"1"),
        ]
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in (
                h11.Response(status_code=status, headers=headers, reason=b""),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
