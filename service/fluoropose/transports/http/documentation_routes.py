"""The pages of the API: the OpenAPI document, and a page that shows it with assets of this installation alone."""

from importlib.resources import files

from fastapi import APIRouter, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse

__all__ = ["documentation_routes"]

_OWN = files("fluoropose.transports.http") / "api_page"
_ASSETS = {
    "page.js": (_OWN, "text/javascript"),
    "swagger-ui.css": (files("fastapi_offline") / "static", "text/css"),
    "swagger-ui-bundle.js": (files("fastapi_offline") / "static", "text/javascript"),
}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page loads from here and calls here, and no other page may show it."""

_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def documentation_routes(app: FastAPI) -> APIRouter:
    """Return the routes of an application's pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def document() -> Response:
        return JSONResponse(app.openapi())

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def page() -> Response:
        return Response((_OWN / "index.html").read_bytes(), media_type="text/html", headers=_HEADERS)

    @router.get("/docs/{name}")
    async def asset(name: str) -> Response:
        folder, kind = _ASSETS.get(name, (None, ""))
        if folder is None:
            raise HTTPException(404, f"expected one of {', '.join(_ASSETS)}, got another")
        return Response((folder / name).read_bytes(), media_type=kind, headers=_HEADERS)

    return router
