"""A worker's process: `fluoropose serve` with ports of its own, started, asked for facts, and ended by its process id.

It is a process beside the actor that watches it, not a thread in it, so that nothing of the fleet runs where frames do.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import Any

import httpx

from fluoropose.errors import DeviceError
from fluoropose.evaluation.server_process import free_ports
from fluoropose.fleet.plan import FleetPlan
from fluoropose.transports.http.worker_routes import TOKEN_HEADER

__all__ = ["WorkerProcess"]

_EVERYWHERE = ("0.0.0.0", "::")
_ASK_S = 2.0
_START_S = 300.0
_END_S = 20.0


class WorkerProcess:
    """One process of a plan under a name; `node` is the address of the machine that clients see."""

    def __init__(self, plan: FleetPlan, name: str, node: str, *, writer: bool = False) -> None:
        """Start the process; `wait_until_started` waits for it."""
        self._plan, self._name, self._token = plan, name, secrets.token_urlsafe(32)
        self._ports = _free_ports(plan)
        place = plan.cache / ("writer" if writer else "workers")
        fields = plan.worker_fields(name, self._token, writer=writer)
        environment = {**os.environ, "FLUOROPOSE_WORKER": json.dumps(fields), "FLUOROPOSE_CACHE": str(place)}
        environment["ORT_DISABLE_TELEMETRY"] = "1"
        # Of Ray's processes it is not one: a terminal's Ctrl-C does not reach it, who started it ends it.
        self.process = subprocess.Popen(plan.serve_command(*self._ports), env=environment, start_new_session=True)
        advertised = plan.advertise.replace("{node}", node if plan.host in _EVERYWHERE else plan.host)
        self.http = f"{plan.scheme}://{advertised}:{self._ports[0]}"
        self.grpc = f"{advertised}:{self._ports[1]}"
        here = "127.0.0.1" if plan.host in _EVERYWHERE else plan.host
        verify: Any = True if plan.authority is None else str(plan.authority)
        self._http = httpx.Client(
            base_url=f"{plan.scheme}://{here}:{self._ports[0]}", timeout=_ASK_S, trust_env=False, verify=verify,
            headers={TOKEN_HEADER: self._token},
        )  # fmt: skip

    def wait_until_started(self) -> None:
        """Return once the process has ended its start; raise DeviceError if it ends or takes too long."""
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            self.require_alive()
            with suppress(httpx.HTTPError):
                if self._http.get("/startupz").status_code == 200:
                    return
            time.sleep(0.1)
        raise DeviceError(f"expected worker {self._name} to start within {_START_S:g} s, got none")

    def require_alive(self) -> None:
        """Raise DeviceError if the process has ended."""
        if self.process.poll() is not None:
            raise DeviceError(f"expected worker {self._name} to run, got its end with code {self.process.returncode}")

    def facts(self) -> dict[str, Any] | None:
        """Return what the worker says of itself and where it is; None if it did not answer in time."""
        try:
            answer = self._http.get("/v1/worker").raise_for_status()
        except httpx.HTTPError:
            return None
        facts: dict[str, Any] = answer.json()
        return facts | {"http": self.http, "grpc": self.grpc}

    def forget(self, case: str) -> None:
        """Have the worker end the sessions of a case and free it."""
        with suppress(httpx.HTTPError):
            self._http.delete(f"/v1/worker/cases/{case}")

    def drain(self) -> None:
        """Have the worker say good-bye to its streams and end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Drain, wait, and kill what does not end."""
        self.drain()
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._http.close()


def _free_ports(plan: FleetPlan) -> tuple[int, int]:
    """Return two ports that nobody listens on: the first free ones of the plan's range, or any.

    Raises
    ------
    DeviceError
        If the range holds no two free ports.
    """
    if plan.ports is None:
        port, grpc_port = free_ports(2)
        return port, grpc_port
    found: list[int] = []
    probes: list[socket.socket] = []
    host = plan.host
    try:
        for port in range(plan.ports[0], plan.ports[1] + 1):
            probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            probes.append(probe)
            with suppress(OSError):
                probe.bind((host, port))
                found.append(int(probe.getsockname()[1]))
            if len(found) == 2:
                return found[0], found[1]
    finally:
        for probe in probes:
            probe.close()
    raise DeviceError(f"expected two free ports of {plan.ports}, got {len(found)}")
