"""HTTP: the application over a `Service`, its operations and its problems. Pixel work never runs on the event loop."""

import time
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import fluoropose
from fluoropose.api.bodies import BodyLimit, validation_text
from fluoropose.api.cases import case_routes
from fluoropose.api.frames import FrameDesk
from fluoropose.api.problems import DOCUMENTED_PROBLEMS, PROBLEM_MEDIA_TYPE, problem_body
from fluoropose.api.sessions import registration_routes, session_routes
from fluoropose.api.streams import stream_routes
from fluoropose.errors import FluoroposeError
from fluoropose.runtime.ort import version as ort_version
from fluoropose.runtime.service import Service
from fluoropose.telemetry.metrics import Metrics

__all__ = ["create_app"]

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

    app = FastAPI(
        title="fluoropose",
        version=fluoropose.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=DOCUMENTED_PROBLEMS,
    )
    app.state.desk = desk
    app.include_router(_operations(service, metrics))
    app.include_router(case_routes(service, desk))
    app.include_router(session_routes(service, desk, metrics))
    app.include_router(registration_routes(service, desk, metrics))
    app.include_router(stream_routes(service, desk))
    _install_problems(app)
    app.add_middleware(BodyLimit)
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
        metrics.sessions.labels("expired").inc(service.sessions.take_expired())
        metrics.sessions_active.set(len(service.sessions))
        metrics.cases_resident.set(len(service.engine.names()))
        metrics.atlas_bytes.labels(service.device.label).set(service.engine.atlas_bytes())
        metrics.ready.set(1.0 if service.readiness()["status"] == "ok" else 0.0)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


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
        return answer(None, "invalid-request", validation_text(error.errors()))

    @app.exception_handler(HTTPException)
    async def routed(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not-found", 405: "method-not-allowed", 413: "payload-too-large"}
        return answer(None, codes.get(error.status_code, "invalid-request"), str(error.detail))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return answer(None, "internal", "an unexpected fault; the log holds the reason")


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
