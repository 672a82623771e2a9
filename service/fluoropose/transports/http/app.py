"""The HTTP application over the parts that serve a service. Pixel work never runs on the event loop."""

from functools import partial

from fastapi import FastAPI

import fluoropose
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.access import RequireKey
from fluoropose.transports.http.bodies import BodyLimits, LimitBody
from fluoropose.transports.http.case_routes import case_routes
from fluoropose.transports.http.check_routes import check_routes
from fluoropose.transports.http.errors import DOCUMENTED_PROBLEMS, install_problem_handlers
from fluoropose.transports.http.geometry_routes import geometry_routes
from fluoropose.transports.http.operation_routes import operation_routes
from fluoropose.transports.http.overlay_routes import overlay_routes
from fluoropose.transports.http.request_metrics import RecordRequests
from fluoropose.transports.http.session_routes import frame_routes, registration_routes, session_routes
from fluoropose.transports.http.stream import stream_routes

__all__ = ["UPLOADED_GRID", "create_app"]

UPLOADED_GRID = AtlasGrid(14.0)
"""The views of an uploaded case that are rendered before it is served; others follow when they are needed."""


def create_app(
    parts: ServingParts,
    keys: KeyRing | None = None,
    limits: BodyLimits = BodyLimits(),
    grid: AtlasGrid = UPLOADED_GRID,
) -> FastAPI:
    """Return the HTTP application of a service.

    Starting the service and running its parts is the caller's. With `keys`, everything but health needs one. `grid` is
    that of the atlas of an uploaded case.
    """
    app = FastAPI(
        title="fluoropose",
        version=fluoropose.__version__,
        docs_url=None,
        redoc_url=None,
        responses=DOCUMENTED_PROBLEMS,
    )
    for router in (operation_routes(parts), case_routes(parts, grid), geometry_routes()):
        app.include_router(router)
    for routes in (session_routes, frame_routes, registration_routes, overlay_routes, check_routes, stream_routes):
        app.include_router(routes(parts))
    install_problem_handlers(app)
    app.add_middleware(partial(LimitBody, limits=limits))  # type: ignore[arg-type]
    app.add_middleware(partial(RequireKey, keys=keys, metrics=parts.metrics))  # type: ignore[arg-type]
    app.add_middleware(partial(RecordRequests, metrics=parts.metrics))  # type: ignore[arg-type]
    return app
