"""A real server of S3's interface on loopback, which keeps its objects in memory."""

import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from fluoropose.evaluation.server_process import free_ports

__all__ = ["bucket"]


@contextmanager
def bucket(monkeypatch):
    """Run a server with one bucket, point the environment at it, and give an address in the bucket."""
    pytest.importorskip("moto", reason="the extra test is not installed")
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        with httpx.Client(trust_env=False) as http:
            while not _made(http, f"{address}/cases"):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
        values = {"ENDPOINT_URL": address, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "us-east-1"}
        for name, value in values.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield "s3://cases/hospital"
    finally:
        process.kill()
        process.wait()


def _made(http, place):
    try:
        return http.put(place).status_code == 200
    except httpx.HTTPError:
        return False
