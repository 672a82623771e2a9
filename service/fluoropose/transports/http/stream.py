"""WebSocket: a session's frames in, its results out, newest frame first.

Sub-protocol `fluoropose.v1+json`. A client's frame is a binary message: the length of a JSON header (4 bytes,
little-endian), the header (X-Frame-Meta's fields, and `media_type`, by default raw pixels), the frame's body. Its other
messages are text: {"type": "ping", "time": s}, and {"type": "restart"} with the fields of PATCH. The server's messages
are text: result, problem, going_away, pong, ended; docs/reference/api.md has the fields.
"""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from fluoropose.errors import FluoroposeError, FrameError, InputError, UnknownSessionError
from fluoropose.serving.messages import RAW_MEDIA_TYPE, FrameResult
from fluoropose.serving.service import Service
from fluoropose.serving.stream import Event, GoingAway, Pong, Stream, StreamEnd, StreamRegistry, WriterError
from fluoropose.transports.http.bodies import validated
from fluoropose.transports.http.codec import encoded_frame, frame_meta, owner_of, result_model
from fluoropose.transports.http.errors import problem_body
from fluoropose.transports.http.requests import FrameMeta, StreamControl

__all__ = ["SUBPROTOCOL", "split_message", "stream_routes"]

SUBPROTOCOL = "fluoropose.v1+json"

_MAX_HEADER_BYTES = 4096
_MAX_CONTROL_CHARACTERS = 8192
_CLOSE_SUBPROTOCOL, _CLOSE_UNKNOWN_SESSION, _CLOSE_TAKEN = 4400, 4404, 4409
_CLOSE_OF_END = {"closed": _CLOSE_UNKNOWN_SESSION, "expired": 4408, "taken-over": _CLOSE_TAKEN, "going-away": 1012}


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
    return meta, meta.media_type or RAW_MEDIA_TYPE, message[4 + length :]


def stream_routes(service: Service, streams: StreamRegistry) -> APIRouter:
    """Return the route of streams."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

    @router.websocket("/{session}/stream")
    async def stream(websocket: WebSocket, session: str, takeover: bool = False) -> None:
        offered = websocket.scope.get("subprotocols", [])
        await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if offered and SUBPROTOCOL not in offered:
            await websocket.close(_CLOSE_SUBPROTOCOL, f"expected the sub-protocol {SUBPROTOCOL}")
            return
        try:
            found = service.sessions.get(session, owner_of(websocket.scope))
            stream = streams.attach(found, "ws", takeover)
        except UnknownSessionError:
            await websocket.close(_CLOSE_UNKNOWN_SESSION, "no such session")
        except WriterError:
            await websocket.close(_CLOSE_TAKEN, "the session has a stream")
        else:
            await _carry(websocket, stream, service)

    return router


async def _carry(websocket: WebSocket, stream: Stream, service: Service) -> None:
    """Read and write side by side until the client goes or the session ends; reading never waits for anything."""
    writing = asyncio.create_task(_write(websocket, stream))
    reading = asyncio.create_task(_read(websocket, stream, service))
    try:
        ended, _ = await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        reading.cancel()
        writing.cancel()
        stream.close()


async def _read(websocket: WebSocket, stream: Stream, service: Service) -> None:
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        _take(message, stream, service)


def _take(message: Any, stream: Stream, service: Service) -> None:
    """Take one message of the client."""
    try:
        if message.get("bytes") is None:
            _control(message.get("text") or "", stream)
            return
        service.sessions.get(stream.session.name)
        meta, media_type, body = split_message(message["bytes"])
        frame = encoded_frame(body, media_type, meta)
    except UnknownSessionError:
        stream.end("closed")
    except FluoroposeError as error:
        stream.refuse(error)
    else:
        stream.offer(frame)


def _control(text: str, stream: Stream) -> None:
    if len(text) > _MAX_CONTROL_CHARACTERS:
        raise InputError(f"expected at most {_MAX_CONTROL_CHARACTERS} characters of text, got {len(text)}")
    control = validated(StreamControl, text)
    if control.type == "ping":
        stream.pong(control.time or 0.0)
        return
    stream.change(control.value())


async def _write(websocket: WebSocket, stream: Stream) -> None:
    while True:
        for event in await stream.next():
            try:
                if isinstance(event, StreamEnd):
                    await websocket.send_text(_text(event))
                    await websocket.close(_CLOSE_OF_END[event.reason], event.reason)
                    return
                await websocket.send_text(_text(event))
            except (WebSocketDisconnect, RuntimeError):
                return


def _text(event: Event) -> str:
    if isinstance(event, FrameResult):
        return f'{{"type":"result",{result_model(event).model_dump_json(exclude_none=True)[1:]}'
    if isinstance(event, GoingAway):
        pose = None if event.last_pose is None else event.last_pose.tolist()
        return json.dumps({"type": "going_away", "reconnect_after_ms": event.reconnect_after_ms, "last_pose": pose})
    if isinstance(event, Pong):
        return json.dumps({"type": "pong", "client_time": event.client_time, "server_time": event.server_time})
    if isinstance(event, StreamEnd):
        return json.dumps({"type": "ended", "reason": event.reason})
    return json.dumps({**problem_body(event.error), "type": "problem", "seq": event.seq})
