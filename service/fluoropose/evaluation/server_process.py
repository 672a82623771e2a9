"""A server in a process of its own: started, waited for, ended by its own process id. For demo, load and tests."""

import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from fluoropose.errors import DeviceError

__all__ = ["RunningServer", "free_ports", "server_process", "wait_until_ready"]

_START_SECONDS = 120.0
_END_SECONDS = 20.0
_PORTS = range(20_000, 30_000)
"""Below those that Linux gives to connections (from 32,768 on), and above those of Ray's own processes."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that is ready: its addresses and, if it is ours, its process and how long it took to be ready."""

    http: str
    grpc: str
    process: "subprocess.Popen[bytes] | None" = None
    start_to_ready_s: float | None = None


@contextmanager
def server_process(
    cases: Path,
    models: Path,
    threads: int,
    device: str,
    extra: Sequence[str] = ("--log-level", "warning"),
    authority: Path | None = None,
    *,
    writes: bool = False,
) -> Iterator[RunningServer]:
    """Run `fluoropose serve` on free loopback ports; give it when ready, end it by its own process id.

    With `authority` (PEM) the server is one with TLS, whose certificate that authority made. Unless it `writes` its
    folder of cases, others may serve the same.

    Raises
    ------
    DeviceError
        If it ends, or is not ready in time.
    """
    port, grpc_port = free_ports(2)
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases), "--models", str(models)]
    command += ["--port", str(port), "--grpc-port", str(grpc_port), "--threads", str(threads), "--device", device]
    command += [] if writes else ["--read-only"]
    began = time.monotonic()
    process = subprocess.Popen([*command, *extra], env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"})
    try:
        address = f"http://127.0.0.1:{port}" if authority is None else f"https://localhost:{port}"
        wait_until_ready(process, address, authority)
        yield RunningServer(address, f"localhost:{grpc_port}", process, time.monotonic() - began)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count: int, among: range = _PORTS) -> list[int]:
    """Return ports of this machine that nobody listens on, and that the system gives to no connection of its own.

    A port that the system chose would be free now, and could be that of any connection a moment later.

    Raises
    ------
    DeviceError
        If there are not so many.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(among, len(among)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            found.append(port)
        if len(found) == count:
            return found
    raise DeviceError(f"expected {count} free ports from {among[0]} to {among[-1]}, got {len(found)}")


def wait_until_ready(process: "subprocess.Popen[bytes]", address: str, authority: Path | None = None) -> None:
    """Return when a server that was started answers that it is ready.

    Raises
    ------
    DeviceError
        If it ends, ends its start without being ready, or is not ready in time.
    """
    checked = True if authority is None else ssl.create_default_context(cafile=str(authority))
    deadline = time.monotonic() + _START_SECONDS
    answer = "no answer"
    # One client for all requests: to make one takes longer than a request, and from the server that starts.
    with httpx.Client(base_url=address, timeout=2.0, verify=checked) as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise DeviceError(f"expected a running server, got exit code {process.returncode}")
            try:
                # In this order: what is not ready after the start has ended never will be.
                ended = http.get("/startupz").status_code == 200
                response = http.get("/readyz")
                if response.status_code == 200:
                    return
                answer = response.text[:300]
                if ended:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
    raise DeviceError(f"expected a ready server within {_START_SECONDS:g} s, got: {answer}")
