"""WebSocket: a session's frames in, its results out, newest frame first.

Sub-protocol `fluoropose.v1+json`. A client's message is binary: the length of a JSON header (4 bytes, little-endian),
the header (X-Frame-Meta's fields, and `media_type`, by default raw pixels), the frame's body. The server's messages are
text: {"type": "result", ...} or {"type": "problem", "seq": ..., ...}; a frame that a newer one replaced is not answered
but counted in the next result's `dropped_since_last`.
"""

import asyncio
from dataclasses import dataclass, field

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from fluoropose.api.codec import frame_meta
from fluoropose.api.frames import FrameDesk
from fluoropose.api.problems import problem_body
from fluoropose.api.schemas import FrameMeta
from fluoropose.errors import FluoroposeError, FrameError, UnknownSessionError
from fluoropose.runtime.service import Service
from fluoropose.tracking.session import Session

__all__ = ["SUBPROTOCOL", "split_message", "stream_routes"]

SUBPROTOCOL = "fluoropose.v1+json"

_MAX_HEADER_BYTES = 4096
_CLOSE_UNKNOWN_SESSION, _CLOSE_SUBPROTOCOL = 4404, 4400
_RAW = "application/octet-stream"


@dataclass(slots=True)
class _Mailbox:
    """The one waiting frame of a stream."""

    message: bytes | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, message: bytes) -> bool:
        """Keep the newest message; tell whether it replaced one."""
        replaced = self.message is not None
        self.message = message
        self.arrived.set()
        return replaced

    async def take(self) -> bytes:
        """Wait for a message and empty the box."""
        await self.arrived.wait()
        self.arrived.clear()
        message, self.message = self.message, None
        return message or b""


def split_message(message: bytes) -> tuple[FrameMeta, str, bytes]:
    """Return header, media type and body of a client's message, or raise FrameError."""
    length = int.from_bytes(message[:4], "little")
    if len(message) < 4 or length > _MAX_HEADER_BYTES or len(message) < 4 + length:
        raise FrameError(
            f"expected 4 bytes of header length, at most {_MAX_HEADER_BYTES}, and the header, got {len(message)} bytes"
        )
    try:
        header = message[4 : 4 + length].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameError(f"expected a header in UTF-8, got: {error.reason}") from error
    meta = frame_meta(header)
    return meta, meta.media_type or _RAW, message[4 + length :]


def stream_routes(service: Service, desk: FrameDesk) -> APIRouter:
    """Return the route of streams."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

    @router.websocket("/{session}/stream")
    async def stream(websocket: WebSocket, session: str) -> None:
        offered = websocket.scope.get("subprotocols", [])
        await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if offered and SUBPROTOCOL not in offered:
            await websocket.close(_CLOSE_SUBPROTOCOL, f"expected the sub-protocol {SUBPROTOCOL}")
            return
        try:
            found = service.sessions.get(session)
        except UnknownSessionError:
            await websocket.close(_CLOSE_UNKNOWN_SESSION, "no such session")
            return
        await _carry(websocket, found, desk, service)

    return router


async def _carry(websocket: WebSocket, session: Session, desk: FrameDesk, service: Service) -> None:
    """Read and answer side by side until the client goes or the session ends."""
    mailbox = _Mailbox()
    answering = asyncio.create_task(_answer(websocket, session, desk, service, mailbox))
    try:
        while not answering.done():
            reading = asyncio.create_task(websocket.receive())
            await asyncio.wait({reading, answering}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                break
            message = reading.result()
            if message["type"] == "websocket.disconnect":
                break
            if mailbox.put(message.get("bytes") or b""):
                desk.supersede(session, "ws")
    finally:
        answering.cancel()


async def _answer(websocket: WebSocket, session: Session, desk: FrameDesk, service: Service, mailbox: _Mailbox) -> None:
    while True:
        message = await mailbox.take()
        seq = None
        try:
            service.sessions.get(session.name)
            meta, media_type, body = split_message(message)
            seq = meta.seq
            result = await desk.submit(session, body, media_type, meta, "ws")
            answer = {"type": "result", **result.model_dump()}
        except UnknownSessionError:
            await websocket.close(_CLOSE_UNKNOWN_SESSION, "the session was closed")
            return
        except FluoroposeError as error:
            answer = {**problem_body(error), "type": "problem", "seq": seq}
        try:
            await websocket.send_json(answer)
        except (WebSocketDisconnect, RuntimeError):
            return
