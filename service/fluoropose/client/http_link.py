"""A link that sends each frame as an HTTP request."""

import asyncio
import json
import time
from typing import Any

import httpx

from fluoropose.client.links import Address, LinkLostError, OutgoingFrame, ProblemError, parse_json, to_link_lost_error

__all__ = ["HttpLink", "KEEP_IDLE_S", "http_client", "request"]

KEEP_IDLE_S = 20.0
"""How long an idle connection is kept: less than by the service, so that it is not closed while a frame is sent."""

_CONNECTIONS = 100
"""The most requests at once; further frames wait in the client."""


def http_client(address: Address) -> httpx.AsyncClient:
    """Return an HTTP client for an address."""
    context = address.context()
    return httpx.AsyncClient(
        base_url=address.http,
        timeout=address.timeout_s,
        trust_env=False,
        headers=address.headers(),
        verify=True if context is None else context,
        limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=KEEP_IDLE_S),
    )


async def request(http: httpx.AsyncClient, method: str, path: str | httpx.URL, **options: Any) -> Any:
    """Send a request and return the answer's JSON, or raise ProblemError or LinkLostError."""
    try:
        return parse_json(await http.request(method, path, **options))
    except httpx.TransportError as error:
        raise to_link_lost_error(error) from error
    except RuntimeError as error:  # what httpx says of a client that is closed
        raise LinkLostError(f"expected an open connection, got: {error}") from error


class HttpLink:
    """One session over HTTP."""

    def __init__(self, http: httpx.AsyncClient, session: str) -> None:
        """Keep the client and the path of an open session."""
        self._http = http
        self._path = f"/v1/sessions/{session}"
        # The URL is made once: httpx would spend a fifth of its time on it for each frame.
        self._frames = httpx.URL(f"{http.base_url}".rstrip("/") + f"{self._path}/frames")
        self._events: asyncio.Queue[dict[str, Any] | LinkLostError] = asyncio.Queue()
        self._posts: set[asyncio.Task[None]] = set()

    async def send(self, frame: OutgoingFrame) -> None:
        """Send a frame in the background; its answer comes out of `receive`."""
        post = asyncio.create_task(self._post(frame))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

    async def receive(self) -> dict[str, Any]:
        """Wait for the next answer and return it, or raise LinkLostError."""
        event = await self._events.get()
        if isinstance(event, LinkLostError):
            raise event
        return event

    async def restart(self, change: dict[str, Any]) -> None:
        """Change the session."""
        await request(self._http, "PATCH", self._path, json=change)

    async def ping(self, client_time: float) -> None:
        """Answer with the client's own time, because HTTP has no request for the server's."""
        self._events.put_nowait({"type": "pong", "client_time": client_time, "server_time": time.time()})

    async def close(self) -> None:
        """Cancel the requests that are not answered yet, and wait until their connections are given back."""
        posts = list(self._posts)
        for post in posts:
            post.cancel()
        await asyncio.gather(*posts, return_exceptions=True)

    async def _post(self, frame: OutgoingFrame) -> None:
        headers = {"Content-Type": "application/octet-stream", "X-Frame-Meta": json.dumps(frame.meta())}
        try:
            result = await request(self._http, "POST", self._frames, content=frame.body(), headers=headers)
        except LinkLostError as error:
            self._events.put_nowait(error)
        except ProblemError as error:
            if error.code in ("unknown-session", "not-ready"):
                self._events.put_nowait(LinkLostError(f"expected an open session, got: {error}"))
            else:
                self._events.put_nowait(
                    {
                        "type": "problem",
                        "seq": frame.seq,
                        "code": error.code,
                        "status": error.status,
                        "detail": error.detail,
                    }
                )
        else:
            self._events.put_nowait({"type": "result", **result})
