"""The routes of sessions and of one-shot registration."""

from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import UploadFile

from fluoropose.api.bodies import UnsupportedMediaError, media_type, validated
from fluoropose.api.codec import (
    MEDIA_TYPES,
    encoded_frame,
    frame_from_base64,
    frame_meta,
    owner_of,
    restart_values,
    result_model,
    session_model,
)
from fluoropose.api.schemas import RegisterRequest, ResultModel, SessionChange, SessionModel, SessionRequest
from fluoropose.errors import FluoroposeError, FrameError, InputError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.runtime.service import Service
from fluoropose.streaming.desk import Desk
from fluoropose.streaming.frames import EncodedFrame
from fluoropose.streaming.line import LineDesk
from fluoropose.tracking.session import SessionSettings

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
                        "frame": {"type": "string", "format": "binary"},
                    },
                }
            },
        },
    }
}


def session_routes(service: Service, lines: LineDesk) -> APIRouter:
    """Return the routes of sessions."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    desk = lines.desk

    @router.post("", status_code=201)
    async def open_session(body: SessionRequest, request: Request, response: Response) -> SessionModel:
        session = await lines.open(_settings(body, body.max_frame_age_ms, body.policy), owner_of(request.scope))
        response.headers["Location"] = f"/v1/sessions/{session.name}"
        return session_model(session, desk.lock)

    @router.get("/{session}")
    async def show(session: str, request: Request) -> SessionModel:
        return session_model(service.sessions.get(session, owner_of(request.scope)), desk.lock)

    @router.patch("/{session}")
    async def change(session: str, body: SessionChange, request: Request) -> SessionModel:
        found = service.sessions.get(session, owner_of(request.scope))
        desk.restart(found, *restart_values(body))
        desk.metrics.reinit.labels("client").inc()
        return session_model(found, desk.lock)

    @router.delete("/{session}", status_code=204)
    async def close(session: str, request: Request) -> None:
        lines.close(service.sessions.get(session, owner_of(request.scope)))

    @router.post("/{session}/frames")
    async def frame(session: str, request: Request, x_frame_meta: str | None = Header(default=None)) -> ResultModel:
        found = service.sessions.get(session, owner_of(request.scope))
        lines.require_free(found)
        kind = media_type(request)
        if kind not in MEDIA_TYPES:
            raise UnsupportedMediaError(f"expected one of {', '.join(MEDIA_TYPES)}, got {kind or 'none'}")
        body = await request.body()
        try:
            encoded = encoded_frame(body, kind, frame_meta(x_frame_meta))
        except FluoroposeError as error:
            desk.refuse(found, "http", error)
            raise
        return result_model(await desk.answer(found, encoded, "http"))

    return router


def registration_routes(service: Service, desk: Desk) -> APIRouter:
    """Return the route of one-shot registration: a session of one frame, which nobody else can find."""
    router = APIRouter(prefix="/v1", tags=["registration"])

    @router.post("/register", openapi_extra=_REGISTER_SCHEMA)
    async def register(request: Request) -> ResultModel:
        body, data = await _register_parts(request)
        settings = _settings(body)
        if data is None and body.frame is None:
            raise FrameError("expected a frame, as base64 in the request or as a form's file, got none")
        data = frame_from_base64(body.frame or "") if data is None else data
        session = await desk.off_loop(lambda: service.passing_session(settings, owner_of(request.scope)))
        return result_model(await desk.answer(session, EncodedFrame(data, seq=body.seq), "http"))

    return router


async def _register_parts(request: Request) -> tuple[RegisterRequest, bytes | None]:
    """Return the request and the frame's file of a form, or the request alone of a JSON body."""
    if media_type(request) != "multipart/form-data":
        return validated(RegisterRequest, await request.body()), None
    async with request.form(max_files=1, max_fields=4) as form:
        text, upload = form.get("request"), form.get("frame")
        if not isinstance(text, str) or not isinstance(upload, UploadFile):
            raise InputError("expected a form with the text `request` and the file `frame`, got another")
        return validated(RegisterRequest, text), await upload.read()


def _settings(
    body: SessionRequest | RegisterRequest, max_age_ms: float | None = None, policy: str = "latest"
) -> SessionSettings:
    meaning = PixelMeaning(body.pixel_meaning)
    return SessionSettings(body.case, body.camera.value(), meaning, body.inverted, body.start(), max_age_ms, policy)
