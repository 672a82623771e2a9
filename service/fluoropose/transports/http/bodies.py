"""A request's body: its media type, and a limit on its length that holds before anything decodes it."""

from dataclasses import dataclass

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluoropose.errors import FrameError

__all__ = ["BodyLimits", "LimitBody", "MAX_BODY_BYTES", "UnsupportedMediaError", "media_type"]

MAX_BODY_BYTES = 64 * 2**20
"""A 4096 x 4096 frame of 16 bits is 32 MiB; base64 and forms need up to twice that."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The longest bodies: of an uploaded volume, which is a compressed CT on its way to disk, and of any other."""

    body_bytes: int = MAX_BODY_BYTES
    volume_bytes: int = 2**30

    def limit(self, path: str) -> int:
        """Return the most bytes that a body to `path` may have."""
        return self.volume_bytes if path in ("/v1/cases", "/v1/check") else self.body_bytes


class UnsupportedMediaError(FrameError):
    """The body is of a kind that this route does not take."""

    code = "unsupported-media"


def media_type(request: Request) -> str:
    """Return the media type of a body without its parameters, lower case."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


class LimitBody:
    """Middleware that refuses a body by its real length, before it is decoded."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count the bytes of its body as they come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, taken = self._limits.limit(scope["path"]), 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, f"expected a body of at most {limit} bytes, got more")
            return message

        await self._app(scope, receive_counted, send)
