"""Which bodies a path takes: what a form or a script of a foreign page can send without being asked is refused.

JSON counts only as `application/json`: a browser sends that for another page's script only after this service allowed
it (a CORS preflight). Bodies are taken as they are: one with a Content-Encoding would have to be inflated first.
"""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fluoropose.transports.http.bodies import UnsupportedMediaError
from fluoropose.transports.http.errors import send_problem

__all__ = ["RequireMedia", "media_fault"]

_FRAMES = re.compile(r"/v1/sessions/[^/]+/frames")
_TAKEN = {
    "/v1/cases": ("multipart/form-data",),
    "/v1/register": ("application/json", "multipart/form-data"),
    "/v1/overlay": ("application/json", "multipart/form-data"),
}
"""The media types of paths that take others than JSON alone."""

_CHOOSY = ("/v1/check",)
"""Paths whose routes look at any media type themselves."""

_SENT_BY_ANY_PAGE = ("", "text/plain", "application/x-www-form-urlencoded")


def media_fault(path: str, headers: Headers) -> str | None:
    """Return what is wrong with the media type or the encoding of a body to a path, None if nothing is."""
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        return f"expected a body without Content-Encoding, got {encoding[:40]}: send it as it is"
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if path in _CHOOSY or _FRAMES.fullmatch(path):
        taken: tuple[str, ...] | None = None
    else:
        taken = _TAKEN.get(path, ("application/json",))
    if kind in _SENT_BY_ANY_PAGE or (taken is not None and kind not in taken):
        return f"expected {' or '.join(taken or ('another media type',))}, got {kind[:80] or 'none'}"
    return None


class RequireMedia:
    """Middleware that refuses a body of another media type than its path takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a body's media type, if there is a body, and pass the request on."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            headers = Headers(scope=scope)
            has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
            fault = media_fault(scope["path"], headers) if has_body else None
            if fault is not None:
                await send_problem(UnsupportedMediaError(fault), scope, receive, send)
                return
        await self._app(scope, receive, send)
