"""Access over HTTP and WebSocket: where there are keys, everything but health needs one that allows it."""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from fluoropose.errors import AccessError
from fluoropose.io.audit import Actor
from fluoropose.serving.api_keys import KeyRing
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http.errors import PROBLEM_MEDIA_TYPE, problem_body

__all__ = ["HEALTH_PATHS", "RequireKey", "actor_of", "needed_scope", "owner_of"]

_KEY_OF_SCOPE = "fluoropose.key"
"""Where in a request's ASGI scope the id of its key is kept."""

HEALTH_PATHS = ("/livez", "/readyz", "/startupz")


def needed_scope(method: str, path: str) -> str | None:
    """Return what a key must allow for a request, None for what is open to all. What is not known here needs a key."""
    if path in HEALTH_PATHS:
        return None
    if path == "/metrics":
        return "metrics"
    if path.startswith("/v1/cases") and method not in ("GET", "HEAD"):
        return "manage"
    return "infer"


class RequireKey:
    """Middleware that refuses a request without a key that allows it."""

    def __init__(self, app: ASGIApp, keys: KeyRing | None, metrics: Metrics) -> None:
        """Without `keys` every request is allowed."""
        self._app = app
        self._keys = keys
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the key and pass the request on."""
        if self._keys is None or scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        needed = needed_scope(scope.get("method", "GET"), scope["path"])
        if needed is not None:
            try:
                scope[_KEY_OF_SCOPE] = self._keys.check(_token(scope), needed)
            except AccessError as error:
                self._metrics.auth_failures.labels(error.reason).inc()
                await _refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)


def owner_of(scope: MutableMapping[str, Any]) -> str:
    """Return the id of the key that a request came with, empty where there are no keys."""
    return str(scope.get(_KEY_OF_SCOPE, ""))


def actor_of(scope: MutableMapping[str, Any]) -> Actor:
    """Return who sent a request: the id of its key and the address of its connection."""
    client = scope.get("client")
    return Actor(owner_of(scope), str(client[0]) if client else "")


def _token(scope: MutableMapping[str, Any]) -> str:
    headers = Headers(scope=scope)
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")


async def _refuse(error: AccessError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem; a WebSocket gets it in place of its handshake where the server can, else it is closed."""
    body = problem_body(error)
    headers = {"WWW-Authenticate": "Bearer"} if body["status"] == HTTPStatus.UNAUTHORIZED else None
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4401, "reason": body["title"]})
        return
    await JSONResponse(body, body["status"], headers, media_type=PROBLEM_MEDIA_TYPE)(scope, receive, send)
