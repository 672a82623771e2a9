"""Counts, times and logs the calls of gRPC."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fluoropose.errors import FluoroposeError
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.grpc.errors import status_code, status_details

__all__ = ["record_call"]

_log = logging.getLogger("fluoropose.requests")


@asynccontextmanager
async def record_call(name: str, context: Any, metrics: Metrics) -> AsyncIterator[None]:
    """Record the call that runs inside, and end it with a status if one of our errors is raised there."""
    began, code = time.perf_counter(), "OK"
    try:
        yield
    except FluoroposeError as error:
        code = status_code(error).name
        await context.abort(status_code(error), status_details(error))
    except asyncio.CancelledError:
        code = "CANCELLED"
        raise
    except Exception:
        code = "UNKNOWN"
        raise
    finally:
        seconds = time.perf_counter() - began
        parent = str(dict(context.invocation_metadata() or ()).get("traceparent", ""))
        exemplar = metrics.traces.record_request(name, seconds, {"rpc.grpc.status_code": code}, parent)
        metrics.requests.labels("grpc", name, code).inc()
        if name != "Track":
            metrics.request_duration.labels("grpc", name).observe(seconds, exemplar)
        _log.info("call", extra={"fields": {"route": name, "status": code, "ms": round(1e3 * seconds, 1)}})
