"""HTTP: the routes of docs/api.md over a `Service`. Pixel work never runs on the event loop."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from fastapi import APIRouter, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import fluoropose
from fluoropose.api.codec import (
    MEDIA_TYPES,
    frame_from_base64,
    frame_meta,
    result_model,
    session_model,
)
from fluoropose.api.frames import FrameDesk
from fluoropose.api.problems import PROBLEM_MEDIA_TYPE, problem_body
from fluoropose.api.schemas import (
    CaseModel,
    CaseOptions,
    RegisterRequest,
    RenderRequest,
    ResultModel,
    SessionChange,
    SessionModel,
    SessionRequest,
)
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import FluoroposeError, FrameError, InputError, NotReadyError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.frames import decode_frame, guess_media_type, npy_bytes, png_bytes
from fluoropose.io.preparation import VIEWS, CaseRequest, volume_suffix
from fluoropose.runtime.ort import version as ort_version
from fluoropose.runtime.service import Service, describe_volume
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.session import SessionSettings

__all__ = ["MAX_BODY_BYTES", "create_app"]

MAX_BODY_BYTES = 64 * 2**20
"""A 4096 x 4096 frame of 16 bits is 32 MiB; twice that for base64 and forms."""

MAX_VOLUME_BYTES = 2**30
"""A compressed CT; it is spooled to disk while it arrives."""

_Model = TypeVar("_Model", bound=BaseModel)

_UPLOAD_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["volume", "options"],
                    "properties": {
                        "volume": {"type": "string", "format": "binary"},
                        "label_map": {"type": "string", "format": "binary"},
                        "options": {"type": "string"},
                    },
                }
            }
        },
    }
}

_QUIET = ("/livez", "/readyz", "/startupz", "/metrics")


def create_app(service: Service, metrics: Metrics | None = None) -> FastAPI:
    """Return the application of one service. Starting and loading the service is the caller's."""
    metrics = metrics or Metrics()
    metrics.build.info(
        {"version": fluoropose.__version__, "ort_version": ort_version(), "device": service.device.label}
    )
    desk = FrameDesk(service, metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        yield
        service.draining = True
        desk.close()

    app = FastAPI(title="fluoropose", version=fluoropose.__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.desk = desk
    app.include_router(_operations(service, metrics))
    app.include_router(_cases(service, desk))
    app.include_router(_sessions(service, desk, metrics))
    app.include_router(_one_shot(service, desk, metrics))
    _install_problems(app)
    app.add_middleware(_BodyLimit)
    app.add_middleware(partial(_RequestMetrics, metrics=metrics))  # type: ignore[arg-type]
    return app


def _operations(service: Service, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/startupz")
    async def startupz() -> Response:
        return JSONResponse({"status": "ok" if service.started else "fail"}, 200 if service.started else 503)

    @router.get("/readyz")
    async def readyz() -> Response:
        body = service.readiness()
        return JSONResponse(body, 200 if body["status"] == "ok" else 503)

    @router.get("/version")
    async def version() -> dict[str, str]:
        return {"version": fluoropose.__version__, "onnxruntime": ort_version(), "device": service.device.label}

    @router.get("/metrics")
    async def exposition() -> Response:
        metrics.sessions_active.set(len(service.sessions))
        metrics.cases_resident.set(len(service.engine.names()))
        metrics.atlas_bytes.labels(service.device.label).set(service.engine.atlas_bytes())
        metrics.ready.set(1.0 if service.readiness()["status"] == "ok" else 0.0)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _cases(service: Service, desk: FrameDesk) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["cases"])

    @router.get("/cases")
    async def cases() -> list[CaseModel]:
        return [_case_model(service, name) for name in sorted(service.records)]

    @router.post("/cases", status_code=201, openapi_extra=_UPLOAD_SCHEMA)
    async def upload(request: Request, response: Response) -> CaseModel:
        if _media_type(request) != "multipart/form-data":
            raise _UnsupportedMediaError(f"expected multipart/form-data, got {_media_type(request) or 'none'}")
        async with request.form(max_files=2, max_fields=4) as form:
            text, volume, labels = form.get("options"), form.get("volume"), form.get("label_map")
            if not isinstance(text, str) or not isinstance(volume, UploadFile):
                raise InputError("expected a form with the file `volume` and the text `options`, got another")
            options = _validated(CaseOptions, text)
            folder = Path(tempfile.mkdtemp(prefix="fluoropose-upload-"))
            try:
                ct = await desk.on_pixels(lambda: _kept(volume, folder, "volume"))
                chart = None
                if isinstance(labels, UploadFile):
                    chart = await desk.on_pixels(lambda: _kept(labels, folder, "labels"))
                choice = ViewChoice(VIEWS[options.view], options.range_mm)
                box = None if options.box_mm is None else np.array(options.box_mm)
                wanted = CaseRequest(ct, choice, chart, options.label, options.hu_window, box, options.attenuation)
                record = service.submit(options.name, wanted, lambda: shutil.rmtree(folder, ignore_errors=True))
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        response.headers["Location"] = f"/v1/cases/{record.name}"
        return _case_model(service, record.name)

    @router.delete("/cases/{case}", status_code=204)
    async def delete(case: str) -> None:
        await desk.on_pixels(lambda: service.delete(case))

    @router.get("/cases/{case}")
    async def one_case(case: str) -> CaseModel:
        return _case_model(service, service.record(case).name)

    @router.post("/render", response_class=Response)
    async def render(body: RenderRequest, accept: str = Header(default="*/*")) -> Response:
        camera, pose = body.camera.value(), body.pose_value()
        as_png = body.format == "png" or (body.format is None and "image/png" in accept)
        encode = png_bytes if as_png else npy_bytes
        data = await desk.on_pixels(lambda: encode(service.render(body.case, camera, pose)))
        return Response(data, media_type="image/png" if as_png else "application/x-npy")

    return router


def _kept(upload: UploadFile, folder: Path, name: str) -> Path:
    """Write an upload into a folder under our own name, its kind told by its first bytes."""
    first = upload.file.read(4)
    path = folder / (name + volume_suffix(first))
    upload.file.seek(0)
    with path.open("wb") as stream:
        shutil.copyfileobj(upload.file, stream)
    return path


def _case_model(service: Service, name: str) -> CaseModel:
    record = service.record(name)
    volume, atlas = describe_volume(service, name)
    return CaseModel.model_validate(
        {
            "case": name,
            "state": record.state,
            "progress": record.progress,
            "detail": record.detail,
            "volume": volume,
            "atlas": atlas,
            "model": record.model,
        }
    )


def _sessions(service: Service, desk: FrameDesk, metrics: Metrics) -> APIRouter:
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
        desk.forget(session)
        metrics.sessions.labels("closed").inc()

    @router.post("/{session}/frames")
    async def frame(session: str, request: Request, x_frame_meta: str | None = Header(default=None)) -> ResultModel:
        found = service.sessions.get(session)
        media_type = _media_type(request)
        if media_type not in MEDIA_TYPES:
            raise _UnsupportedMediaError(f"expected one of {', '.join(MEDIA_TYPES)}, got {media_type or 'none'}")
        return await desk.submit(found, await request.body(), media_type, frame_meta(x_frame_meta))

    return router


def _one_shot(service: Service, desk: FrameDesk, metrics: Metrics) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["registration"])
    schema = {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": RegisterRequest.model_json_schema()},
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

    @router.post("/register", openapi_extra=schema)
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
    if _media_type(request) != "multipart/form-data":
        return _validated(RegisterRequest, await request.body()), None
    async with request.form(max_files=1, max_fields=4) as form:
        text, upload = form.get("request"), form.get("frame")
        if not isinstance(text, str) or not isinstance(upload, UploadFile):
            raise InputError("expected a form with the text `request` and the file `frame`, got another")
        return _validated(RegisterRequest, text), await upload.read()


def _validated(model: type[_Model], text: str | bytes) -> _Model:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InputError(_validation_text(error.errors())) from error


def _settings(
    body: SessionRequest | RegisterRequest, max_age_ms: float | None = None, policy: str = "latest"
) -> SessionSettings:
    meaning = PixelMeaning(body.pixel_meaning)
    return SessionSettings(body.case, body.camera.value(), meaning, body.inverted, body.start(), max_age_ms, policy)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


class _UnsupportedMediaError(FrameError):
    code = "unsupported-media"


def _install_problems(app: FastAPI) -> None:
    def answer(error: FluoroposeError | None, code: str | None = None, detail: str = "") -> JSONResponse:
        body = problem_body(error, code, detail)
        headers = {"Retry-After": "1"} if body["status"] == 503 else None
        return JSONResponse(body, body["status"], headers=headers, media_type=PROBLEM_MEDIA_TYPE)

    @app.exception_handler(FluoroposeError)
    async def ours(request: Request, error: FluoroposeError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(None, "invalid-request", _validation_text(error.errors()))

    @app.exception_handler(HTTPException)
    async def routed(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not-found", 405: "method-not-allowed", 413: "payload-too-large"}
        return answer(None, codes.get(error.status_code, "invalid-request"), str(error.detail))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return answer(None, "internal", "an unexpected fault; the log holds the reason")


def _validation_text(errors: Sequence[Any]) -> str:
    parts = []
    for item in errors[:3]:
        place = ".".join(str(part) for part in item["loc"] if part != "body")
        parts.append(f"{place or 'body'}: {item['msg']}")
    return "; ".join(parts)


class _BodyLimit:
    """Refuses a body of more than MAX_BODY_BYTES by its real length, before it is decoded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            limit = MAX_VOLUME_BYTES if scope["path"] == "/v1/cases" else MAX_BODY_BYTES
            if taken > limit:
                raise HTTPException(413, f"expected a body of at most {limit} bytes, got more")
            return message

        await self.app(scope, limited, send)


class _RequestMetrics:
    """Counts requests by route and times them; health and scrapes are left out."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = scope.get("route")
            name = f"{scope['method']} {route.path}" if route is not None else "unmatched"
            self.metrics.requests.labels("http", name, str(status)).inc()
            self.metrics.request_duration.labels("http", name).observe(time.perf_counter() - began)
