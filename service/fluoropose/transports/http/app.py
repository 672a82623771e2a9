"""The HTTP application over the parts that serve a service. Pixel work never runs on the event loop."""

from dataclasses import dataclass, field
from functools import partial

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

import fluoropose
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.tickets import Tickets
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.access import RequireKey
from fluoropose.transports.http.bodies import BodyBudgets, BodyLimits, LimitBody
from fluoropose.transports.http.case_routes import case_routes
from fluoropose.transports.http.check_routes import check_routes
from fluoropose.transports.http.console_routes import console_routes
from fluoropose.transports.http.documentation_routes import documentation_routes
from fluoropose.transports.http.errors import DOCUMENTED_PROBLEMS, install_problem_handlers
from fluoropose.transports.http.geometry_routes import geometry_routes
from fluoropose.transports.http.media_rules import RequireMedia
from fluoropose.transports.http.operation_routes import operation_routes
from fluoropose.transports.http.overlay_routes import overlay_routes
from fluoropose.transports.http.request_metrics import RecordRequests
from fluoropose.transports.http.session_routes import frame_routes, registration_routes, session_routes
from fluoropose.transports.http.stream import stream_routes
from fluoropose.transports.http.ticket_routes import ticket_routes
from fluoropose.transports.http.watch import watch_routes
from fluoropose.transports.http.web_pages import RefuseForeignPages, WebRules

__all__ = ["Doors", "UPLOADED_GRID", "create_app"]

UPLOADED_GRID = AtlasGrid(6.0)
"""The views of an uploaded case that are rendered before it is served; others follow when they are needed."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What lets requests in: keys, the rules for web pages, limits and budgets of bodies."""

    keys: KeyRing | None = None
    rules: WebRules = WebRules()
    limits: BodyLimits = BodyLimits()
    budgets: BodyBudgets = field(default_factory=BodyBudgets)


def create_app(
    parts: ServingParts,
    keys: KeyRing | None = None,
    limits: BodyLimits = BodyLimits(),
    grid: AtlasGrid = UPLOADED_GRID,
    doors: Doors | None = None,
    console: bool = False,
) -> FastAPI:
    """Return the HTTP application of a service.

    Starting the service and running its parts is the caller's. With `keys`, everything but health needs one. `grid` is
    that of the atlas of an uploaded case. `doors` takes the place of `keys` and `limits`. With `console` the
    console's page is at `/`.
    """
    doors, tickets = doors or Doors(keys, limits=limits), Tickets()
    app = FastAPI(
        title="fluoropose",
        version=fluoropose.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect names the host that the request named; a path with a slash too many is not found instead.
        redirect_slashes=False,
        responses=DOCUMENTED_PROBLEMS,
    )
    for router in (
        operation_routes(parts),
        case_routes(parts, grid),
        geometry_routes(),
        ticket_routes(tickets),
        documentation_routes(app),
    ):
        app.include_router(router)
    for routes in (
        session_routes,
        frame_routes,
        registration_routes,
        overlay_routes,
        check_routes,
        stream_routes,
        watch_routes,
    ):
        app.include_router(routes(parts))
    if console:
        app.include_router(console_routes())
    install_problem_handlers(app)
    _add_doors(app, parts, doors, tickets)
    return app


def _add_doors(app: FastAPI, parts: ServingParts, doors: Doors, tickets: Tickets) -> None:
    """Put the doors before an application; a request passes them from the last that is added to the first."""
    app.add_middleware(partial(LimitBody, limits=doors.limits, budgets=doors.budgets))  # type: ignore[arg-type]
    app.add_middleware(RequireMedia)
    access = partial(RequireKey, keys=doors.keys, metrics=parts.metrics, tickets=tickets)
    app.add_middleware(access)  # type: ignore[arg-type]
    if doors.rules.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=doors.rules.origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "X-Frame-Meta", "X-Request-Id"],
            expose_headers=["Location", "Retry-After", "X-Request-Id"],
            allow_private_network=True,
        )
    app.add_middleware(partial(RefuseForeignPages, rules=doors.rules))  # type: ignore[arg-type]
    app.add_middleware(partial(RecordRequests, metrics=parts.metrics))  # type: ignore[arg-type]
