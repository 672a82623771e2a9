"""HTTP: the application over a `Service`, its operations and its problems. Pixel work never runs on the event loop."""

import asyncio
import logging
import re
import secrets
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import fluoropose
from fluoropose.errors import FluoroposeError
from fluoropose.inference.onnx_runtime import version as ort_version
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.housekeeping import Housekeeping
from fluoropose.serving.service import Service
from fluoropose.serving.stream import StreamRegistry
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http.access import HEALTH_PATHS, AccessGuard
from fluoropose.transports.http.bodies import BodyLimit, validation_text
from fluoropose.transports.http.case_routes import case_routes
from fluoropose.transports.http.errors import DOCUMENTED_PROBLEMS, PROBLEM_MEDIA_TYPE, problem_body
from fluoropose.transports.http.session_routes import registration_routes, session_routes
from fluoropose.transports.http.stream import stream_routes

__all__ = ["create_app"]

_QUIET = (*HEALTH_PATHS, "/metrics")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("fluoropose.requests")


def create_app(service: Service, metrics: Metrics | None = None, keys: KeyRing | None = None) -> FastAPI:
    """Return the application of one service; `app.state.streams` is what other transports share with it.

    Starting and loading the service is the caller's. With `keys`, everything but health needs one.
    """
    metrics = metrics or Metrics()
    broker = FrameBroker(service, metrics)
    streams = StreamRegistry(broker)
    housekeeping = Housekeeping(streams, metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        broker.keep(housekeeping.run())
        yield
        service.draining = True
        broker.close()

    app = FastAPI(
        title="fluoropose",
        version=fluoropose.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=DOCUMENTED_PROBLEMS,
    )
    app.state.streams = streams
    app.include_router(_operations(service, metrics, housekeeping))
    app.include_router(case_routes(service, streams))
    app.include_router(session_routes(service, streams))
    app.include_router(registration_routes(service, broker))
    app.include_router(stream_routes(service, streams))
    _install_problems(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(partial(AccessGuard, keys=keys, metrics=metrics))  # type: ignore[arg-type]
    app.add_middleware(partial(_Watched, metrics=metrics))  # type: ignore[arg-type]
    return app


def _operations(service: Service, metrics: Metrics, housekeeping: Housekeeping) -> APIRouter:
    router = APIRouter(tags=["operations"])
    state: dict[int | str, Any] = {503: {"description": "Not so", "content": {"application/json": {}}}}

    @router.get("/livez", responses=state)
    async def livez() -> Response:
        alive = housekeeping.alive()
        return JSONResponse({"status": "ok" if alive else "fail"}, 200 if alive else 503)

    @router.get("/startupz", responses=state)
    async def startupz() -> Response:
        return JSONResponse({"status": "ok" if service.started else "fail"}, 200 if service.started else 503)

    @router.get("/readyz", responses=state)
    async def readyz() -> Response:
        body = service.readiness()
        return JSONResponse(body, 200 if body["status"] == "ok" else 503)

    @router.get("/version")
    async def version() -> dict[str, str]:
        return {"version": fluoropose.__version__, "onnxruntime": ort_version(), "device": service.device.label}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def exposition() -> Response:
        # Some milliseconds of work, during which frames must not wait for the loop.
        text = await asyncio.to_thread(metrics.text)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

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


class _Watched:
    """Counts, times and logs requests by route; health and scrapes are left out. Pure ASGI: nothing is buffered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in _QUIET:
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        status = 500 if scope["type"] == "http" else 101

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - began)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        transport = "http" if scope["type"] == "http" else "ws"
        route = scope.get("route")
        method = scope.get("method", "STREAM")
        name = f"{method} {route.path}" if route is not None else "unmatched"
        self.metrics.requests.labels(transport, name, str(status)).inc()
        if transport == "http":
            self.metrics.request_duration.labels(transport, name).observe(seconds)
        if name.endswith("/frames") and status == 200:
            return
        fields = {"request_id": request_id, "route": name, "status": status, "ms": round(1e3 * seconds, 1)}
        _log.info("request", extra={"fields": fields})
