"""The HTTP application of a front door: it places sessions, passes on what is small, and sends frames on."""

import json
import random
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

import fluoropose
from fluoropose.errors import InputError
from fluoropose.fleet.door.calls import WorkerCalls
from fluoropose.fleet.door.operations import operation_routes
from fluoropose.fleet.door.placing import Placer, WorkerGoneError
from fluoropose.fleet.door.view import FleetView, find_worker, require_writer
from fluoropose.fleet.worker_facts import WorkerFacts
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.tickets import Tickets
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http.access import RequireKey
from fluoropose.transports.http.bodies import BodyBudgets, BodyLimits, LimitBody
from fluoropose.transports.http.errors import PROBLEM_MEDIA_TYPE, install_problem_handlers, problem_body
from fluoropose.transports.http.geometry_routes import geometry_routes
from fluoropose.transports.http.media_rules import RequireMedia

__all__ = ["create_door", "named_cases"]


def create_door(view: FleetView, calls: WorkerCalls, keys: KeyRing | None = None, seed: int | None = None) -> FastAPI:
    """Return the application over a view of the fleet; without `keys` everybody may call."""
    app = FastAPI(
        title="fluoropose fleet", version=fluoropose.__version__, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    placer, metrics = Placer(view, random.Random(seed)), Metrics()
    app.include_router(operation_routes(view, calls, placer))
    app.include_router(geometry_routes())
    _add_sessions(app, view, calls, placer)
    _add_cases(app, view, calls)
    _add_elsewhere(app, view, placer)
    install_problem_handlers(app)
    app.add_middleware(partial(LimitBody, limits=BodyLimits(), budgets=BodyBudgets()))  # type: ignore[arg-type]
    app.add_middleware(RequireMedia)
    app.add_middleware(partial(RequireKey, keys=keys, metrics=metrics, tickets=Tickets()))  # type: ignore[arg-type]
    app.state.placer = placer
    return app


def named_cases(body: bytes) -> frozenset[str]:
    """Return the cases that a request for a session or a registration names, or raise InputError for no JSON."""
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise InputError(f"expected JSON, got: {error}") from error
    if not isinstance(fields, dict):
        raise InputError(f"expected a JSON object, got {type(fields).__name__}")
    several = fields.get("cases")
    named = [one.get("case") for one in several if isinstance(one, dict)] if isinstance(several, list) else []
    return frozenset(name for name in [fields.get("case"), *named] if isinstance(name, str))


def _add_sessions(app: FastAPI, view: FleetView, calls: WorkerCalls, placer: Placer) -> None:
    @app.post("/v1/sessions")
    async def open_session(request: Request) -> Response:
        body = await request.body()
        cases = named_cases(body)

        async def ask(worker: WorkerFacts) -> tuple[int, dict[str, str], bytes]:
            return await calls.open(worker.http, request.headers, body)

        worker, (status, headers, content) = await placer.place(cases, ask)
        if status != 201:
            return Response(content, status, headers=headers)
        answer = json.loads(content) | {"worker": worker.worker, "endpoints": _endpoints(worker)}
        return JSONResponse(answer, 201, headers={"Location": headers.get("location", "")})

    @app.get("/v1/sessions")
    async def all_sessions(request: Request) -> list[Any]:
        found: list[Any] = []
        for worker in view.workers():
            try:
                status, _, content = await calls.ask(worker.http, "GET", "/v1/sessions", request.headers)
            except WorkerGoneError:
                continue
            found += json.loads(content) if status == 200 else []
        return found

    @app.api_route("/v1/sessions/{session}", methods=["GET", "PATCH", "DELETE"])
    async def one_session(session: str, request: Request) -> Response:
        worker, body = find_worker(view, session), await request.body()
        try:
            status, headers, content = await calls.ask(
                worker.http, request.method, f"/v1/sessions/{session}", request.headers, body
            )
        except WorkerGoneError:
            view.roster.suspect(worker.worker)
            return _problem("unknown-session", f"worker {worker.worker} has gone and the session with it; open another")
        if (request.method, status) == ("DELETE", 204):
            view.roster.count_closed(worker.worker)
        return Response(content, status, headers=headers)

    @app.post("/v1/sessions/{session}/frames")
    async def frames(session: str) -> Response:
        return _elsewhere(find_worker(view, session), f"/v1/sessions/{session}/frames")


def _add_cases(app: FastAPI, view: FleetView, calls: WorkerCalls) -> None:
    async def pass_on(request: Request) -> tuple[int, dict[str, str], bytes]:
        has_body = request.method == "POST"
        body = request.stream() if has_body else b""
        path = request.url.path
        return await calls.ask_writer(require_writer(view.writer()), request.method, path, request.headers, body)

    @app.api_route("/v1/cases", methods=["GET", "POST"])
    async def cases(request: Request) -> Response:
        status, headers, content = await pass_on(request)
        return Response(content, status, headers=headers)

    @app.get("/v1/cases/{case}")
    async def one_case(case: str, request: Request) -> Response:
        status, headers, content = await pass_on(request)
        return Response(content, status, headers=headers)

    @app.delete("/v1/cases/{case}")
    async def delete(case: str, request: Request) -> Response:
        status, headers, content = await pass_on(request)
        if status in (204, 404):
            # Also where it had gone already: a front door may have ended between the two steps.
            await view.forget(case)
        return Response(content, status, headers=headers)


def _add_elsewhere(app: FastAPI, view: FleetView, placer: Placer) -> None:
    """Send what carries frames, files or pictures to a worker, by its case where the body names one."""

    async def send_on(request: Request) -> Response:
        is_json = request.headers.get("content-type", "").startswith("application/json")
        cases = named_cases(await request.body()) if is_json else frozenset()
        return _elsewhere(placer.choose(cases), request.url.path)

    for path in ("/v1/register", "/v1/render", "/v1/overlay", "/v1/check"):
        app.add_api_route(path, send_on, methods=["POST"])


def _endpoints(worker: WorkerFacts) -> dict[str, str]:
    return {"http": worker.http, "grpc": worker.grpc}


def _elsewhere(worker: WorkerFacts, path: str) -> Response:
    """Return a redirect (307: the same method and body), which says in its body where, for who follows none."""
    answer = _problem("elsewhere", f"expected at {worker.http}{path}, where frames go without a detour")
    body = json.loads(bytes(answer.body)) | {"worker": worker.worker, "endpoints": _endpoints(worker)}
    return JSONResponse(body, 307, headers={"Location": worker.http + path}, media_type=PROBLEM_MEDIA_TYPE)


def _problem(code: str, detail: str) -> JSONResponse:
    body = problem_body(None, code, detail)
    return JSONResponse(body, body["status"], media_type=PROBLEM_MEDIA_TYPE)
