"""Access over HTTP and WebSocket: where there are keys, everything but health needs one that allows it.

A browser cannot give a WebSocket a header: it brings a ticket in its address, which its page got with the key.
"""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fluoropose.errors import AccessError
from fluoropose.io.audit import Actor
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.tickets import Tickets
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http.errors import send_problem

__all__ = ["HEALTH_PATHS", "OPEN_PATHS", "RequireKey", "WORKER_PATH", "actor_of", "needed_scope", "owner_of"]

_KEY_OF_SCOPE = "fluoropose.key"
"""Where in a request's ASGI scope the id of its key is kept."""

HEALTH_PATHS = ("/livez", "/readyz", "/startupz")

WORKER_PATH = "/v1/worker"
"""Below it a worker of a fleet answers to who started it, whose token its routes ask for themselves."""

OPEN_PATHS = ("/docs", "/console/")
"""Pages without anything of this service in them, as is `/`; they ask for a key where they need one."""


def needed_scope(method: str, path: str) -> str | None:
    """Return what a key must allow for a request, None for what is open to all. What is not known here needs a key."""
    is_page = path == "/" or (path.startswith(OPEN_PATHS) and ".." not in path)
    if path in HEALTH_PATHS or path.startswith(WORKER_PATH) or (is_page and method in ("GET", "HEAD")):
        return None
    if path == "/metrics":
        return "metrics"
    if path.startswith(("/v1/cases", "/v1/fleet")) and method not in ("GET", "HEAD"):
        return "manage"
    return "infer"


class RequireKey:
    """Middleware that refuses a request without a key that allows it."""

    def __init__(self, app: ASGIApp, keys: KeyRing | None, metrics: Metrics, tickets: Tickets) -> None:
        """Without `keys` every request is allowed."""
        self._app = app
        self._keys = keys
        self._metrics = metrics
        self._tickets = tickets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the key and pass the request on."""
        if self._keys is None or scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        needed = needed_scope(scope.get("method", "GET"), scope["path"])
        if needed is not None:
            try:
                scope[_KEY_OF_SCOPE] = self._owner(self._keys, scope, needed)
            except AccessError as error:
                self._metrics.auth_failures.labels(error.reason).inc()
                await send_problem(error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _owner(self, keys: KeyRing, scope: Scope, needed: str) -> str:
        token = _token(scope)
        ticket = _ticket(scope) if scope["type"] == "websocket" and not token else ""
        if ticket:
            return keys.require(self._tickets.redeem(ticket), needed)
        return keys.check(token, needed)


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


def _ticket(scope: MutableMapping[str, Any]) -> str:
    query = scope.get("query_string", b"")[:1024].decode("latin-1")
    return (parse_qs(query, max_num_fields=16).get("ticket") or [""])[0]
