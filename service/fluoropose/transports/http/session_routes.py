"""The routes of sessions and of one-shot registration."""

from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import UploadFile

from fluoropose.errors import FluoroposeError, FrameError, InputError
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.messages import EncodedFrame
from fluoropose.serving.service import Service
from fluoropose.serving.stream import StreamRegistry
from fluoropose.tracking.session_settings import MAX_CAMERAS
from fluoropose.transports.http.bodies import UnsupportedMediaError, media_type, validated
from fluoropose.transports.http.codec import (
    MEDIA_TYPES,
    encoded_frame,
    frame_from_base64,
    frame_meta,
    owner_of,
    result_model,
    session_model,
)
from fluoropose.transports.http.requests import RegisterRequest, SessionChange, SessionRequest
from fluoropose.transports.http.schemas import ResultModel, SessionModel

__all__ = ["registration_routes", "session_routes"]


_JSON_SCHEMA = RegisterRequest.model_json_schema(ref_template="#/components/schemas/{model}")
_REGISTER_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {key: value for key, value in _JSON_SCHEMA.items() if key != "$defs"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["request", "frame"],
                    "properties": {
                        "request": {"type": "string"},
                        "frame": {
                            "oneOf": [
                                {"type": "string", "format": "binary"},
                                {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": 4},
                            ]
                        },
                    },
                }
            },
        },
    }
}


def session_routes(service: Service, streams: StreamRegistry) -> APIRouter:
    """Return the routes of sessions."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    broker = streams.broker

    @router.post("", status_code=201)
    async def open_session(body: SessionRequest, request: Request, response: Response) -> SessionModel:
        session = await streams.open(body.settings(), owner_of(request.scope))
        response.headers["Location"] = f"/v1/sessions/{session.name}"
        return session_model(session, broker.lock)

    @router.get("/{session}")
    async def show(session: str, request: Request) -> SessionModel:
        return session_model(service.sessions.get(session, owner_of(request.scope)), broker.lock)

    @router.patch("/{session}")
    async def change(session: str, body: SessionChange, request: Request) -> SessionModel:
        found = service.sessions.get(session, owner_of(request.scope))
        await broker.change(found, body.value())
        broker.metrics.reinit.labels("client").inc()
        return session_model(found, broker.lock)

    @router.delete("/{session}", status_code=204)
    async def close(session: str, request: Request) -> None:
        streams.close(service.sessions.get(session, owner_of(request.scope)))

    @router.post("/{session}/frames", response_model_exclude_none=True)
    async def frame(session: str, request: Request, x_frame_meta: str | None = Header(default=None)) -> ResultModel:
        found = service.sessions.get(session, owner_of(request.scope))
        streams.require_free(found)
        kind = media_type(request)
        if kind not in MEDIA_TYPES:
            raise UnsupportedMediaError(f"expected one of {', '.join(MEDIA_TYPES)}, got {kind or 'none'}")
        body = await request.body()
        try:
            encoded = encoded_frame(body, kind, frame_meta(x_frame_meta))
        except FluoroposeError as error:
            broker.refuse(found, "http", error)
            raise
        return result_model(await broker.answer(found, encoded, "http"))

    return router


def registration_routes(service: Service, broker: FrameBroker) -> APIRouter:
    """Return the route of one-shot registration: a session of one frame, which nobody else can find."""
    router = APIRouter(prefix="/v1", tags=["registration"])

    @router.post("/register", openapi_extra=_REGISTER_SCHEMA, response_model_exclude_none=True)
    async def register(request: Request) -> ResultModel:
        body, files = await _register_parts(request)
        settings, frames = body.settings(), _frames(body, files)
        session = await broker.run_off_loop(lambda: service.transient_session(settings, owner_of(request.scope)))
        return result_model(await broker.answer_views(session, frames, "http"))

    return router


async def _register_parts(request: Request) -> tuple[RegisterRequest, list[bytes]]:
    """Return the request and the frames' files of a form, or the request alone of a JSON body."""
    if media_type(request) != "multipart/form-data":
        return validated(RegisterRequest, await request.body()), []
    async with request.form(max_files=MAX_CAMERAS, max_fields=4) as form:
        text, uploads = form.get("request"), form.getlist("frame")
        files = [upload for upload in uploads if isinstance(upload, UploadFile)]
        if not isinstance(text, str) or not files or len(files) < len(uploads):
            raise InputError("expected a form with the text `request` and the file `frame`, got another")
        return validated(RegisterRequest, text), [await upload.read() for upload in files]


def _frames(body: RegisterRequest, files: list[bytes]) -> list[EncodedFrame]:
    """Return a frame of each view, from the form's files or the request, or raise FrameError."""
    seen = body.seen()
    if files and len(files) != len(seen):
        raise FrameError(f"expected a file of each of {len(seen)} views, got {len(files)}")
    if not files and any(text is None for _, _, text in seen):
        raise FrameError("expected a frame, as base64 in the request or as a form's file, got none")
    given = files or [frame_from_base64(text or "") for _, _, text in seen]
    return [EncodedFrame(data, seq=body.seq, camera=name) for (name, _, _), data in zip(seen, given, strict=True)]
