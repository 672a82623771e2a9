"""A server that is a worker of a fleet: it answers to who started it, follows the cases, and ends with that process."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

from fluoropose.serving.case_refresh import CaseRefresh
from fluoropose.serving.on_demand_store import OnDemandStore
from fluoropose.serving.wiring import ServingParts
from fluoropose.serving.worker_description import WorkerDescription
from fluoropose.transports.http.worker_routes import worker_routes
from fluoropose.transports.serve_plan import WorkerPlan

__all__ = ["end_with", "follow_fleet"]

_log = logging.getLogger("fluoropose.service")

_LOOK_S = 0.2


def follow_fleet(plan: WorkerPlan, parts: ServingParts) -> tuple[Any, list[Coroutine[Any, Any, None]]]:
    """Return the routes of a worker, and what it does beside serving."""
    store = parts.service.store
    works: list[Coroutine[Any, Any, None]] = [end_with(plan.parent)]
    if isinstance(store, OnDemandStore):
        refresh = CaseRefresh(parts.service, parts.streams, store, plan.refresh_s, plan.case_idle_s)
        works.append(refresh.run())
    else:
        refresh = None
    return worker_routes(WorkerDescription(parts, plan.name), refresh, plan.token), works


async def end_with(parent: int) -> None:
    """End this process at once when the one that started it has ended: nobody would find the sessions here."""
    while os.getppid() == parent:
        await asyncio.sleep(_LOOK_S)
    _log.error("ends with who started it", extra={"fields": {"parent": parent}})
    os._exit(1)
