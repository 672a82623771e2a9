"""The routes of sessions and of one-shot registration."""

import asyncio

from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import UploadFile

from fluoropose.errors import FluoroposeError, InputError
from fluoropose.serving.messages import FrameResult
from fluoropose.serving.requests import RegistrationRequest
from fluoropose.serving.wiring import ServingParts
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import MAX_CAMERAS
from fluoropose.transports.http.access import owner_of
from fluoropose.transports.http.bodies import UnsupportedMediaError, media_type
from fluoropose.transports.http.decode import (
    decode_change,
    decode_frame,
    decode_json,
    decode_registration,
    decode_session,
)
from fluoropose.transports.http.encode import encode_answer, encode_session
from fluoropose.transports.http.openapi_bodies import json_or_form
from fluoropose.transports.http.request_schemas import RegisterRequest, SessionChange, SessionRequest
from fluoropose.transports.http.schemas import ResultModel, SessionModel

__all__ = ["frame_routes", "registration_routes", "session_routes"]

MEDIA_TYPES = ("application/x-npy", "image/png", "application/dicom", "application/octet-stream")
"""The media types of a frame that is a request's body."""

_QUICK_BYTES = 2**20
"""A longer JSON is decoded on a thread: streams do not wait for tens of megabytes of base64."""


def session_routes(parts: ServingParts) -> APIRouter:
    """Return the routes of sessions."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    broker, streams = parts.broker, parts.streams

    def find(name: str, request: Request) -> Session:
        return parts.service.sessions.get(name, owner_of(request.scope))

    @router.post("", status_code=201)
    async def open_session(body: SessionRequest, request: Request, response: Response) -> SessionModel:
        session = await streams.open(decode_session(body).settings, owner_of(request.scope))
        response.headers["Location"] = f"/v1/sessions/{session.name}"
        return encode_session(broker.describe(session))

    @router.get("")
    async def show_all(request: Request) -> list[SessionModel]:
        owner = owner_of(request.scope)
        there = parts.service.sessions.all()
        return [encode_session(broker.describe(one)) for one in there if not owner or one.owner == owner]

    @router.get("/{session}")
    async def show(session: str, request: Request) -> SessionModel:
        return encode_session(broker.describe(find(session, request)))

    @router.patch("/{session}")
    async def change(session: str, body: SessionChange, request: Request) -> SessionModel:
        found = find(session, request)
        await broker.change(found, decode_change(body).change)
        parts.metrics.reinit.labels("client").inc()
        return encode_session(broker.describe(found))

    @router.delete("/{session}", status_code=204)
    async def close(session: str, request: Request) -> None:
        streams.close(find(session, request))

    return router


def frame_routes(parts: ServingParts) -> APIRouter:
    """Return the route of a session's frames: one frame in, one result out."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    broker = parts.broker

    @router.post("/{session}/frames", response_model=ResultModel)
    async def frame(session: str, request: Request, x_frame_meta: str | None = Header(default=None)) -> Response:
        found = parts.service.sessions.get(session, owner_of(request.scope))
        parts.streams.require_free(found)
        kind = media_type(request)
        if kind not in MEDIA_TYPES:
            raise UnsupportedMediaError(f"expected one of {', '.join(MEDIA_TYPES)}, got {kind or 'none'}")
        body = await request.body()
        try:
            encoded = decode_frame(body, kind, x_frame_meta)
        except FluoroposeError as error:
            broker.refuse(found, "http", error)
            raise
        return _answer(await broker.answer(found, encoded, "http"))

    return router


def registration_routes(parts: ServingParts) -> APIRouter:
    """Return the route of one-shot registration: a session of one frame, which nobody else can find."""
    router = APIRouter(prefix="/v1", tags=["registration"])
    service, broker = parts.service, parts.broker

    @router.post("/register", openapi_extra=json_or_form(RegisterRequest, MAX_CAMERAS), response_model=ResultModel)
    async def register(request: Request) -> Response:
        asked, owner = await _read_registration(request), owner_of(request.scope)
        session = await broker.run_off_loop(lambda: service.transient_session(asked.settings, owner))
        return _answer(await broker.answer_views(session, asked.frames, "http"))

    return router


def _answer(result: FrameResult) -> Response:
    return Response(encode_answer(result), media_type="application/json")


async def _read_registration(request: Request) -> RegistrationRequest:
    """Return the registration of a JSON body, or of a form with the frames as files."""
    if media_type(request) != "multipart/form-data":
        body = await request.body()
        if len(body) <= _QUICK_BYTES:
            return decode_registration(decode_json(RegisterRequest, body))
        return await asyncio.to_thread(lambda: decode_registration(decode_json(RegisterRequest, body)))
    async with request.form(max_files=MAX_CAMERAS, max_fields=4) as form:
        text, uploads = form.get("request"), form.getlist("frame")
        files = [upload for upload in uploads if isinstance(upload, UploadFile)]
        if not isinstance(text, str) or not files or len(files) < len(uploads):
            raise InputError("expected a form with the text `request` and the file `frame`, got another")
        return decode_registration(decode_json(RegisterRequest, text), [await upload.read() for upload in files])
