"""The console's page: files of this installation alone, built from `service/console`."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response

__all__ = ["console_routes"]

_PAGE = files("fluoropose") / "console_page"
_ASSETS = {"console.js": "text/javascript", "space.js": "text/javascript", "console.css": "text/css"}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page loads from here and calls here, holds no inline code, and no other page may show it.

Media from `blob:` are videos that were dropped on the page.
"""

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def console_routes() -> APIRouter:
    """Return the routes of the console's page; the page itself uses the public API alone."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def page() -> Response:
        return _file("index.html", "text/html")

    @router.get("/console/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise HTTPException(404, f"expected one of {', '.join(_ASSETS)}, got another")
        return _file(name, _ASSETS[name])

    return router


def _file(name: str, kind: str) -> Response:
    return Response((_PAGE / name).read_bytes(), media_type=kind, headers=_HEADERS)
