"""The routes of operations of a front door: health, the fleet's state, draining, and all metrics in one view."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

import fluoropose
from fluoropose.fleet.door.calls import WorkerCalls
from fluoropose.fleet.door.placing import Placer, WorkerGoneError
from fluoropose.fleet.door.view import FleetView
from fluoropose.telemetry.fleet_exposition import join_expositions

__all__ = ["operation_routes"]


class DrainRequest(BaseModel):
    """A worker's name, or a node's address; with `undo` workers may start on the node again."""

    name: str = Field(min_length=1, max_length=255)
    undo: bool = False


def operation_routes(view: FleetView, calls: WorkerCalls, placer: Placer) -> APIRouter:
    """Return the routes of operations."""
    router = APIRouter()

    @router.api_route("/livez", methods=["GET", "HEAD"])
    @router.api_route("/startupz", methods=["GET", "HEAD"])
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def ready() -> Response:
        able = [one for one in view.workers() if one.ready and not one.draining]
        body = {"status": "ok" if able else "fail", "checks": [{"name": "workers", "detail": f"{len(able)} ready"}]}
        return JSONResponse(body, 200 if able else 503)

    @router.get("/version")
    async def version() -> dict[str, Any]:
        return {"version": fluoropose.__version__, "workers": {one.worker: one.version for one in view.workers()}}

    @router.get("/v1/fleet")
    async def status() -> dict[str, Any]:
        there = {one.worker for one in view.workers()}
        workers = [one.record() | {"there": one.worker in there} for one in view.everybody()]
        return view.status() | {"workers": workers, "writer": view.writer(), "placed": dict(placer.counts)}

    @router.post("/v1/fleet/drain")
    async def drain(body: DrainRequest) -> dict[str, Any]:
        if body.undo:
            return {"used_again": await view.undrain(body.name)}
        return await view.drain(body.name)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics(request: Request) -> Response:
        workers = view.workers()

        async def scrape(address: str) -> str:
            try:
                status, _, content = await calls.ask(address, "GET", "/metrics", request.headers)
            except WorkerGoneError:
                return ""
            return content.decode() if status == 200 else ""

        texts = await asyncio.gather(*(scrape(one.http) for one in workers))
        joined = join_expositions({one.worker: text for one, text in zip(workers, texts, strict=True)}, placer.counts)
        return Response(joined, media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
