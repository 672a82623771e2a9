"""WebSocket: a session's answered frames with their results, for observers who change nothing.

A frame is a binary message: the length of a JSON header (4 bytes, little-endian), the header, the pixels (16-bit,
little-endian, row by row). The header ends with spaces, so that the pixels begin at a multiple of 8 bytes. The last
message is the text {"type": "ended", "reason"}; docs/reference/api.md has the fields.
"""

import asyncio
import time
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from numpy.typing import NDArray
from pydantic_core import to_json

from fluoropose.errors import FluoroposeError, InputError, UnknownSessionError
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.serving.watch import ShownFrame, Watch, WatchRequest
from fluoropose.serving.watch_registry import WatchRegistry
from fluoropose.serving.watched_frame import WatchedPicture
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.access import owner_of
from fluoropose.transports.http.encode import encode_body, encode_event, encode_outline
from fluoropose.transports.http.schemas import camera_json
from fluoropose.transports.http.stream import CLOSE_OF_END, CLOSE_UNKNOWN_SESSION, accept_subprotocol

__all__ = ["encode_watched", "pack_frame", "picture_fields", "watch_routes"]

_ALIGNMENT_BYTES = 8
_CLOSE_REQUEST, _CLOSE_OVERLOADED = 4422, 1013


def watch_routes(parts: ServingParts) -> APIRouter:
    """Return the route of observers."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    watches = parts.broker.watches

    @router.websocket("/{session}/watch")
    async def connect(
        websocket: WebSocket, session: str, fps: str = "15", max_side: str = "512", include: str = ""
    ) -> None:
        if not await accept_subprotocol(websocket):
            return
        try:
            request = _request(fps, max_side, include)
            watch = watches.attach(parts.service.sessions.get(session, owner_of(websocket.scope)), request)
        except UnknownSessionError:
            await websocket.close(CLOSE_UNKNOWN_SESSION, "no such session")
        except OverloadedError as error:
            await websocket.close(_CLOSE_OVERLOADED, str(error)[:120])
        except InputError as error:
            await websocket.close(_CLOSE_REQUEST, str(error)[:120])
        else:
            await _carry(websocket, watch, watches)

    return router


def encode_watched(shown: ShownFrame, request: WatchRequest) -> bytes:
    """Return the message of a frame, or raise FrameError where its pixels cannot be decoded."""
    frame = shown.frame
    picture, settings = frame.picture(request.max_side), frame.settings
    result = encode_body(frame.result)
    if request.outline:
        outlines = frame.outlines()
        for part in (result, *result.get("objects", ())):
            if part["status"] != "LOST":
                part["outline"] = encode_outline(outlines.get(part["case"], ()))
    header: dict[str, Any] = {
        "type": "frame",
        "seq": frame.result.seq,
        "captured_at": time.time() - (time.monotonic_ns() - frame.frame.captured_ns) / 1e9,
        **picture_fields(picture),
        "pixel_meaning": settings.meaning.value,
        "inverted": settings.inverted,
        "camera": camera_json(frame.camera),
        "skipped": shown.skipped,
        "result": result,
    }
    return pack_frame(header, picture.pixels)


def picture_fields(picture: WatchedPicture) -> dict[str, Any]:
    """Return what a frame's header says of its pixels."""
    return {
        "rows": picture.pixels.shape[0],
        "columns": picture.pixels.shape[1],
        "block": picture.block,
        "values": picture.values,
        "frame_rows": picture.frame_rows,
        "frame_columns": picture.frame_columns,
    }


def pack_frame(header: dict[str, Any], pixels: NDArray[np.uint16]) -> bytes:
    """Return a header and 16-bit pixels (rows, columns) as one message."""
    text = to_json(header, inf_nan_mode="null")
    text += b" " * (-(4 + len(text)) % _ALIGNMENT_BYTES)
    return len(text).to_bytes(4, "little") + text + pixels.astype("<u2", copy=False).tobytes()


def _request(fps: str, max_side: str, include: str) -> WatchRequest:
    """Return what an observer's address asks for, or raise InputError."""
    try:
        rate, side = float(fps), int(max_side)
    except ValueError as error:
        raise InputError("expected numbers fps and max_side, got others") from error
    if include not in ("", "outline"):
        raise InputError(f"expected include=outline or none, got {include[:40]!r}")
    return WatchRequest(rate, side, include == "outline")


async def _carry(websocket: WebSocket, watch: Watch, watches: WatchRegistry) -> None:
    """Write until the session ends or the observer goes; what it sends is not read."""
    writing = asyncio.create_task(_write(websocket, watch, watches))
    reading = asyncio.create_task(_wait_for_end(websocket))
    try:
        ended, _ = await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        reading.cancel()
        writing.cancel()
        watch.close()


async def _wait_for_end(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        await asyncio.sleep(0)


async def _write(websocket: WebSocket, watch: Watch, watches: WatchRegistry) -> None:
    """Send frames; to send waits for an observer that reads slowly, and newer frames take the place of older ones."""
    try:
        while not isinstance(frames := await watch.next(), StreamEnd):
            for shown in frames:
                try:
                    message = await watches.run(partial(encode_watched, shown, watch.request))
                except FluoroposeError:  # its camera was changed meanwhile: there is nothing to show
                    continue
                await websocket.send_bytes(message)
        await websocket.send_text(encode_event(frames))
        await websocket.close(CLOSE_OF_END[frames.reason], frames.reason)
    except (WebSocketDisconnect, RuntimeError):
        return
