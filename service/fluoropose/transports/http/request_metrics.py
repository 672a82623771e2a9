"""Middleware that counts, times and logs requests by route. Health and scrapes are left out, nothing is buffered."""

import logging
import re
import secrets
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http.access import HEALTH_PATHS

__all__ = ["RecordRequests"]

_UNRECORDED = (*HEALTH_PATHS, "/metrics")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("fluoropose.requests")


class RecordRequests:
    """Records each request and gives its answer the header X-Request-Id: the client's own id or a new one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and record how it was answered."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in _UNRECORDED:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        status = 500 if scope["type"] == "http" else 101

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._record(scope, request_id, status, time.perf_counter() - began)

    def _record(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        transport = "http" if scope["type"] == "http" else "ws"
        route = scope.get("route")
        method = scope.get("method", "STREAM")
        name = f"{method} {route.path}" if route is not None else "unmatched"
        is_frame = name.endswith("/frames") and status == 200
        parent = Headers(scope=scope).get("traceparent", "")
        exemplar = None
        if parent or not is_frame:
            about = {"http.request.method": method, "http.response.status_code": status}
            exemplar = self._metrics.traces.record_request(name, seconds, about, parent)
        self._metrics.requests.labels(transport, name, str(status)).inc()
        if transport == "http":
            self._metrics.request_duration.labels(transport, name).observe(seconds, exemplar)
        if is_frame:
            return
        fields = {"request_id": request_id, "route": name, "status": status, "ms": round(1e3 * seconds, 1)}
        _log.info("request", extra={"fields": fields})
