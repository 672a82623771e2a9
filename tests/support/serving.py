"""A started service over stored cases, and an HTTP client over its parts."""

from contextlib import contextmanager

from starlette.testclient import TestClient

from fluoropose.inference.onnx_runtime import open_device
from fluoropose.serving.service import Service
from fluoropose.transports.http.app import create_app

__all__ = ["http_client", "metric", "started_service"]


def started_service(cases, models, threads=1, **fields):
    service = Service(open_device("cpu", threads), cases, models, **fields)
    service.start()
    return service


def metric(parts, name, **labels):
    """Return a metric's value, 0 where it was never counted."""
    return parts.metrics.registry.get_sample_value(f"fluoropose_{name}", labels) or 0.0


@contextmanager
def http_client(parts, keys=None, **fields):
    with TestClient(create_app(parts, keys, **fields), raise_server_exceptions=False) as client:
        yield client
    parts.broker.close()
