"""WebSocket: a session's frames in, its results out, newest frame first.

Sub-protocol `fluoropose.v1+json`. A client's frame is a binary message: the length of a JSON header (4 bytes,
little-endian), the header (X-Frame-Meta's fields, and `media_type`, by default raw pixels), the frame's body. Its other
messages are text: {"type": "ping", "time": s}, and {"type": "restart"} with the fields of PATCH. The server's messages
are text: result, problem, going_away, pong, ended; docs/reference/api.md has the fields.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from fluoropose.errors import FluoroposeError, InputError, UnknownSessionError
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.serving.stream import Stream
from fluoropose.serving.stream_registry import WriterError
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.access import owner_of
from fluoropose.transports.http.decode import decode_change, decode_frame_message, decode_json
from fluoropose.transports.http.encode import encode_event
from fluoropose.transports.http.request_schemas import StreamControl

__all__ = [
    "CLOSE_OF_END",
    "CLOSE_SUBPROTOCOL",
    "CLOSE_UNKNOWN_SESSION",
    "SUBPROTOCOL",
    "accept_subprotocol",
    "stream_routes",
]

SUBPROTOCOL = "fluoropose.v1+json"

_MAX_CONTROL_CHARACTERS = 8192
CLOSE_SUBPROTOCOL, CLOSE_UNKNOWN_SESSION, _CLOSE_TAKEN = 4400, 4404, 4409
CLOSE_OF_END = {
    "closed": CLOSE_UNKNOWN_SESSION,
    "expired": 4408,
    "taken-over": _CLOSE_TAKEN,
    "going-away": 1012,
    "revoked": 4401,
}


def stream_routes(parts: ServingParts) -> APIRouter:
    """Return the route of streams."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    sessions = parts.service.sessions

    @router.websocket("/{session}/stream")
    async def connect(websocket: WebSocket, session: str, takeover: bool = False) -> None:
        if not await accept_subprotocol(websocket):
            return
        try:
            found = sessions.get(session, owner_of(websocket.scope))
            stream = parts.streams.attach(found, "ws", takeover)
        except UnknownSessionError:
            await websocket.close(CLOSE_UNKNOWN_SESSION, "no such session")
        except WriterError:
            await websocket.close(_CLOSE_TAKEN, "the session has a stream")
        else:
            await _carry(websocket, stream, sessions)

    return router


async def accept_subprotocol(websocket: WebSocket) -> bool:
    """Accept a connection; close it and return False if it offers sub-protocols and not ours."""
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    if offered and SUBPROTOCOL not in offered:
        await websocket.close(CLOSE_SUBPROTOCOL, f"expected the sub-protocol {SUBPROTOCOL}")
        return False
    return True


async def _carry(websocket: WebSocket, stream: Stream, sessions: SessionRegistry) -> None:
    """Read and write side by side until the client goes or the session ends; reading never waits for anything."""
    writing = asyncio.create_task(_write(websocket, stream))
    reading = asyncio.create_task(_read(websocket, stream, sessions))
    try:
        ended, _ = await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        reading.cancel()
        writing.cancel()
        stream.close()


async def _read(websocket: WebSocket, stream: Stream, sessions: SessionRegistry) -> None:
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        _take(message, stream, sessions)
        # Messages that came together are there at once: others have their turn between them.
        await asyncio.sleep(0)


def _take(message: Any, stream: Stream, sessions: SessionRegistry) -> None:
    """Take one message of the client: a frame or a control."""
    try:
        if message.get("bytes") is None:
            _control(message.get("text") or "", stream)
            return
        sessions.get(stream.session.name)
        frame = decode_frame_message(message["bytes"])
    except UnknownSessionError:
        stream.end("closed")
    except FluoroposeError as error:
        stream.refuse(error)
    else:
        stream.offer(frame)


def _control(text: str, stream: Stream) -> None:
    """Answer a ping or change the session, or raise InputError."""
    if len(text) > _MAX_CONTROL_CHARACTERS:
        raise InputError(f"expected at most {_MAX_CONTROL_CHARACTERS} characters of text, got {len(text)}")
    control = decode_json(StreamControl, text)
    if control.type == "ping":
        stream.pong(control.time or 0.0)
        return
    stream.change(decode_change(control).change)


async def _write(websocket: WebSocket, stream: Stream) -> None:
    """Write events until the stream ends or the client has gone."""
    while True:
        for event in await stream.next():
            try:
                await websocket.send_text(encode_event(event))
                if isinstance(event, StreamEnd):
                    await websocket.close(CLOSE_OF_END[event.reason], event.reason)
                    return
            except (WebSocketDisconnect, RuntimeError):
                return
