"""The routes of operations: liveness, start-up, readiness, version and metrics."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

import fluoropose
from fluoropose.inference.onnx_runtime import version as ort_version
from fluoropose.serving.wiring import ServingParts

__all__ = ["operation_routes"]


def operation_routes(parts: ServingParts) -> APIRouter:
    """Return the routes of operations."""
    service, metrics = parts.service, parts.metrics
    router = APIRouter(tags=["operations"])
    state: dict[int | str, Any] = {503: {"description": "Not so", "content": {"application/json": {}}}}

    @router.head("/livez", include_in_schema=False)
    @router.get("/livez", responses=state)
    async def livez() -> Response:
        alive = parts.housekeeping.is_alive()
        return JSONResponse({"status": "ok" if alive else "fail"}, 200 if alive else 503)

    @router.head("/startupz", include_in_schema=False)
    @router.get("/startupz", responses=state)
    async def startupz() -> Response:
        return JSONResponse({"status": "ok" if service.started else "fail"}, 200 if service.started else 503)

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", responses=state)
    async def readyz() -> Response:
        body = service.readiness()
        return JSONResponse(body, 200 if body["status"] == "ok" else 503)

    @router.get("/version")
    async def version() -> dict[str, str]:
        return {"version": fluoropose.__version__, "onnxruntime": ort_version(), "device": service.device.label}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def exposition(request: Request) -> Response:
        # Some milliseconds of work, during which frames must not wait for the loop.
        text, media_type = await asyncio.to_thread(metrics.exposition, request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type})

    return router
