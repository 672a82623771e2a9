"""The routes of sessions and of one-shot registration."""

import time
from typing import Any

from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import UploadFile

from fluoropose.api.bodies import UnsupportedMediaError, media_type, validated
from fluoropose.api.codec import MEDIA_TYPES, frame_from_base64, frame_meta, result_model, session_model
from fluoropose.api.frames import FrameDesk
from fluoropose.api.schemas import RegisterRequest, ResultModel, SessionChange, SessionModel, SessionRequest
from fluoropose.errors import FrameError, InputError, NotReadyError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.frames import decode_frame, guess_media_type
from fluoropose.runtime.service import Service
from fluoropose.telemetry.metrics import Metrics
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


def session_routes(service: Service, desk: FrameDesk, metrics: Metrics) -> APIRouter:
    """Return the routes of sessions."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

    @router.post("", status_code=201)
    async def open_session(body: SessionRequest, response: Response) -> SessionModel:
        if service.draining:
            raise NotReadyError("expected a service that takes sessions, got one that is going away")
        session = service.open_session(_settings(body, body.max_frame_age_ms, body.policy))
        metrics.sessions.labels("opened").inc()
        response.headers["Location"] = f"/v1/sessions/{session.name}"
        return session_model(session)

    @router.get("/{session}")
    async def show(session: str) -> SessionModel:
        return session_model(service.sessions.get(session))

    @router.patch("/{session}")
    async def change(session: str, body: SessionChange) -> SessionModel:
        found = service.sessions.get(session)
        old = found.settings
        camera = old.camera if body.camera is None else body.camera.value()
        start = body.start() if body.initial_pose is not None else found.last_pose
        found.restart(
            SessionSettings(old.case, camera, old.meaning, old.inverted, start, old.max_frame_age_ms, old.policy)
        )
        return session_model(found)

    @router.delete("/{session}", status_code=204)
    async def close(session: str) -> None:
        service.sessions.close(session)
        metrics.sessions.labels("closed").inc()

    @router.post("/{session}/frames")
    async def frame(session: str, request: Request, x_frame_meta: str | None = Header(default=None)) -> ResultModel:
        found = service.sessions.get(session)
        kind = media_type(request)
        if kind not in MEDIA_TYPES:
            raise UnsupportedMediaError(f"expected one of {', '.join(MEDIA_TYPES)}, got {kind or 'none'}")
        return await desk.submit(found, await request.body(), kind, frame_meta(x_frame_meta))

    return router


def registration_routes(service: Service, desk: FrameDesk, metrics: Metrics) -> APIRouter:
    """Return the route of one-shot registration."""
    router = APIRouter(prefix="/v1", tags=["registration"])

    @router.post("/register", openapi_extra=_REGISTER_SCHEMA)
    async def register(request: Request) -> ResultModel:
        began = time.perf_counter_ns()
        body, data = await _register_parts(request)
        settings = _settings(body)
        if data is None and body.frame is None:
            raise FrameError("expected a frame, as base64 in the request or as a form's file, got none")

        def decode() -> Any:
            return frame_from_base64(body.frame or "") if data is None else decode_frame(data, guess_media_type(data))

        pixels = await desk.on_pixels(decode)
        decoded_ms = (time.perf_counter_ns() - began) / 1e6
        record = service.record(settings.case)
        found = await desk.on_engine(lambda: service.register(settings, pixels))
        total = (time.perf_counter_ns() - began) / 1e6
        queue = max(0.0, total - decoded_ms - found.timing_ms["total"])
        found.timing_ms.update({"decode": decoded_ms, "queue": queue, "total": total})
        metrics.observe_stages(found.timing_ms)
        return result_model(found, body.seq, settings.case, record.model or "", service.device.label, 0)

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
