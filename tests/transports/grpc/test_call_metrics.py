"""Calls in the metrics: by name and status, ended by our errors with their status."""

import asyncio

import pytest

from fluoropose.errors import FrameError
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.grpc.call_metrics import record_call


class Context:
    """Stands in for gRPC's context; `abort` raises as gRPC's does."""

    def invocation_metadata(self):
        return (("user-agent", "test"),)

    async def abort(self, code, details):
        raise ConnectionAbortedError(f"{code.name} {details}")


@pytest.mark.parametrize(
    ("error", "raised", "code"),
    [
        (None, None, "OK"),
        (FrameError("expected one, got none"), ConnectionAbortedError, "INVALID_ARGUMENT"),
        (asyncio.CancelledError(), asyncio.CancelledError, "CANCELLED"),
        (ZeroDivisionError(), ZeroDivisionError, "UNKNOWN"),
    ],
)
def test_a_call_is_counted_with_its_status(error, raised, code):
    metrics = Metrics()

    async def run():
        async with record_call("Register", Context(), metrics):
            if error is not None:
                raise error

    if raised is None:
        asyncio.run(run())
    else:
        with pytest.raises(raised):
            asyncio.run(run())
    labels = {"transport": "grpc", "method": "Register"}
    assert metrics.registry.get_sample_value("fluoropose_requests_total", labels | {"code": code}) == 1.0
    assert metrics.registry.get_sample_value("fluoropose_request_duration_seconds_count", labels) == 1.0
