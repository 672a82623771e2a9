"""Links: what carries a session's frames and events, one class per transport, all with the same methods.

`send` returns at once, or when the network has taken the frame. Events come out of `receive`, as dicts as on the
WebSocket: {"type": "result" / "problem" / "going_away" / "pong" / "ended", ...}. A broken link raises `LinkLostError`.
"""

import json
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import httpx
import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FluoroposeError

__all__ = ["Address", "Link", "LinkLostError", "OutgoingFrame", "ProblemError", "parse_json", "to_link_lost_error"]


class ProblemError(FluoroposeError):
    """The service refused a request; `code` and `status` are those of its answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{body.get('title', 'refused')}: {body.get('detail', '')}")
        self.status = status
        self.detail = str(body.get("detail", ""))
        self.code = str(body.get("code", "internal"))


class LinkLostError(FluoroposeError):
    """The connection broke, or the service shut down."""

    code = "link-lost"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is and how to authenticate: an API key, its certificate's authority, our own certificate."""

    http: str
    grpc: str = "127.0.0.1:8001"
    key: str | None = None
    authority: Path | None = None
    certificate: tuple[Path, Path] | None = None
    timeout_s: float = 30.0

    def at(self, endpoints: dict[str, Any] | None) -> "Address":
        """Return the address of the place that a fleet names for a session, this one where it names none."""
        if not endpoints:
            return self
        return replace(self, http=endpoints.get("http") or self.http, grpc=endpoints.get("grpc") or self.grpc)

    def headers(self) -> dict[str, str]:
        """Return the headers that every request has."""
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}

    def context(self) -> ssl.SSLContext | None:
        """Return the settings of TLS, or None if the address does not use it."""
        if not self.http.startswith("https"):
            return None
        context = ssl.create_default_context(cafile=None if self.authority is None else str(self.authority))
        if self.certificate is not None:
            context.load_cert_chain(*(str(path) for path in self.certificate))
        return context


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingFrame:
    """A frame on its way to the service; `view` holds its camera, camera_from_world or c_arm."""

    seq: int
    pixels: NDArray[Any]
    captured_at: float | None
    view: dict[str, Any] = field(default_factory=dict)

    def meta(self) -> dict[str, Any]:
        """Return the fields of X-Frame-Meta."""
        meta: dict[str, Any] = {"dtype": self.pixels.dtype.name, "seq": self.seq}
        rows, columns = self.pixels.shape
        meta |= {"rows": rows, "columns": columns, **self.view}
        return meta if self.captured_at is None else meta | {"captured_at": self.captured_at}

    def body(self) -> bytes:
        """Return the pixels' bytes: little-endian, row by row."""
        kind = self.pixels.dtype.newbyteorder("<")
        return np.ascontiguousarray(self.pixels).astype(kind, copy=False).tobytes()


class Link(Protocol):
    """The connection of one session."""

    async def send(self, frame: OutgoingFrame) -> None:
        """Send a frame."""

    async def receive(self) -> dict[str, Any]:
        """Wait for the next event."""

    async def restart(self, change: dict[str, Any]) -> None:
        """Change the session, with the fields of PATCH /v1/sessions."""

    async def ping(self, client_time: float) -> None:
        """Ask for the server's time."""

    async def close(self) -> None:
        """Close the connection, but not the session."""


def parse_json(answer: httpx.Response) -> Any:
    """Return an answer's JSON, or raise ProblemError if its status is an error."""
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = {"detail": answer.text[:200]}
    if answer.status_code >= 400:
        raise ProblemError(answer.status_code, body if isinstance(body, dict) else {"detail": json.dumps(body)[:200]})
    return body


def to_link_lost_error(error: Exception) -> LinkLostError:
    """Return the one error for a broken connection, whatever library raised `error`."""
    return LinkLostError(f"expected a connection, got: {type(error).__name__} {str(error)[:200]}")
