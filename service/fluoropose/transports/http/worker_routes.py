"""What a worker of a fleet answers to who started it: facts about itself, and which case to forget.

Each call brings the token that the worker was started with.
"""

import hmac
from typing import Any

from fastapi import APIRouter, Header

from fluoropose.errors import ConflictError, ForbiddenError
from fluoropose.serving.case_refresh import CaseRefresh
from fluoropose.serving.worker_description import WorkerDescription
from fluoropose.transports.http.access import WORKER_PATH

__all__ = ["TOKEN_HEADER", "worker_routes"]

TOKEN_HEADER = "X-Fluoropose-Worker"


def worker_routes(description: WorkerDescription, refresh: CaseRefresh | None, token: str) -> APIRouter:
    """Return the routes, which are for the holder of a token; without `refresh` the worker is the writer of cases."""
    router = APIRouter(prefix=WORKER_PATH, include_in_schema=False)

    def require(given: str) -> None:
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise ForbiddenError("expected who started this worker, got another", "unknown")

    @router.get("")
    async def facts(x_fluoropose_worker: str = Header(default="")) -> dict[str, Any]:
        require(x_fluoropose_worker)
        return description.facts()

    @router.delete("/cases/{case}", status_code=204)
    async def forget(case: str, x_fluoropose_worker: str = Header(default="")) -> None:
        require(x_fluoropose_worker)
        if refresh is None:
            raise ConflictError("expected a worker that follows the cases, got the one that writes them")
        await refresh.forget(case)

    return router
