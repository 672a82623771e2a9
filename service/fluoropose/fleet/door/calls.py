"""Calls of a front door to workers and to the writer: the request's own key goes with it, and nothing is kept."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from fluoropose.errors import NotReadyError
from fluoropose.fleet.door.placing import WorkerGoneError, WorkerRefusedError

__all__ = ["WorkerCalls"]

_CONNECT_S = 0.5
_ANSWER_S = 60.0
"""A worker that has to load a case answers late; one that has gone does not take the connection."""

_CARRIED = ("authorization", "x-api-key", "content-type", "content-length", "accept", "x-request-id")
_RETURNED = ("content-type", "location", "retry-after", "www-authenticate")


class WorkerCalls:
    """One client for all workers."""

    def __init__(self, authority: Path | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Trust the workers' certificates by an authority (PEM); `transport` takes the place of the network."""
        verify: Any = True if authority is None else str(authority)
        self.http = httpx.AsyncClient(
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S), trust_env=False, verify=verify, transport=transport,
            limits=httpx.Limits(max_connections=200, keepalive_expiry=20.0),
        )  # fmt: skip

    async def ask(
        self, address: str, method: str, path: str, headers: Any, body: bytes | AsyncIterator[bytes] = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers that matter and the body of an answer.

        Raises
        ------
        WorkerGoneError
            If there is none.
        """
        carried = {name: headers[name] for name in _CARRIED if name in headers}
        try:
            answer = await self.http.request(method, address + path, headers=carried, content=body)
        except httpx.TransportError as error:
            raise WorkerGoneError(f"{type(error).__name__} {error}") from error
        kept = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
        return answer.status_code, kept, answer.content

    async def open(self, address: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ask a worker for a session; raise WorkerRefusedError if it has no place for it."""
        status, kept, content = await self.ask(address, "POST", "/v1/sessions", headers, body)
        if status == 503:
            raise WorkerRefusedError(content.decode(errors="replace")[:200])
        return status, kept, content

    async def ask_writer(
        self, address: str, method: str, path: str, headers: Any, body: bytes | AsyncIterator[bytes] = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the writer of cases, or raise NotReadyError while it is away."""
        try:
            return await self.ask(address, method, path, headers, body)
        except WorkerGoneError as error:
            raise NotReadyError(f"expected an answer of the writer of cases, got: {error}; try again") from error
