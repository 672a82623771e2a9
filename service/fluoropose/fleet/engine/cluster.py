"""Ray's cluster: joined, or started by its own command as a child of this process. Nothing is sent anywhere.

Ray's usage statistics are off before it is imported, and its dashboard is not started.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
# A machine that is busy starts Ray's helpers in more than the 15 s that a node waits for them.
os.environ.setdefault("RAY_agent_register_timeout_ms", "120000")
# A front door's port is ended and started again when it is not ready in three times so long: 5 s are not enough there.
os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "30")

import ray

from fluoropose.errors import DeviceError, InputError
from fluoropose.evaluation.server_process import free_ports

__all__ = ["NAMESPACE", "connected", "own_or_joined", "run_node", "start_command", "use_token"]

NAMESPACE = "fluoropose"

_START_S = 120.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def start_command(*, head: bool, node: str, options: Mapping[str, Any], address: str = "", port: int = 0) -> list[str]:
    """Return Ray's command that runs a node until it is ended; `options` are further ones of `ray start`.

    Its helpers get ports of our choice: a node would wait 15 s for one that chooses itself, and end when that is late.
    """
    names = (
        "metrics-export-port",
        "dashboard-agent-grpc-port",
        "dashboard-agent-listen-port",
        "runtime-env-agent-port",
    )
    helpers = dict(zip(names, free_ports(len(names)), strict=True))
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block"]
    command += ["--disable-usage-stats", f"--node-ip-address={node}"]
    command += ["--head", f"--port={port}", "--include-dashboard=false"] if head else [f"--address={address}"]
    given = {**helpers, **options}
    return command + [f"--{name}={value}" for name, value in given.items() if value is not None]


def use_token(path: Path | None, node: str) -> None:
    """Let the machines of a cluster know each other by a secret, which Ray reads from the environment.

    Raises
    ------
    InputError
        If the cluster reaches beyond this machine without one: whoever reaches Ray's ports runs what he likes.
    """
    if path is None:
        if node not in _LOOPBACK:
            raise InputError(
                f"expected --ray-token for a cluster that {node} belongs to, got none: Ray runs what it is sent"
            )
        return
    if not path.is_file():
        raise InputError(f"expected a file with the secret of the cluster, got none at {path}")
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(path.resolve())}


@contextmanager
def own_or_joined(node: str, port: int, token: Path | None, address: str = "") -> Iterator[str]:
    """Be connected to a cluster that runs, or to one whose first node is started here; give its address."""
    use_token(token, "127.0.0.1" if address else node)
    if address:
        with connected(address):
            yield address
        return
    with _node(start_command(head=True, node=node, port=port, options={})) as process:
        with connected(f"{node}:{port}", process):
            yield f"{node}:{port}"


def run_node(address: str, node: str, token: Path | None, options: Mapping[str, Any]) -> int:
    """Run a node of a cluster until SIGTERM or Ctrl-C; return the exit code, 0 if it was ended so."""
    use_token(token, node)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    with _node(start_command(head=False, node=node, address=address, options=options)) as process:
        while not asked.wait(0.5):
            if process.poll() is not None:
                return process.returncode or 1
    return 0


@contextmanager
def _node(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a node of Ray beside this process; at the end it is ended by its own process id."""
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def connected(address: str, node: "subprocess.Popen[bytes] | None" = None) -> Iterator[None]:
    """Be connected to a cluster; raise DeviceError if none answers in time, or the `node` of ours ends."""
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            ray.init(
                address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR,
                ignore_reinit_error=True,
            )  # fmt: skip
            break
        except (ConnectionError, RuntimeError, ValueError) as error:
            if time.monotonic() > deadline_s or (node is not None and node.poll() is not None):
                raise DeviceError(f"expected a cluster of Ray at {address}, got: {str(error)[:200]}") from error
            time.sleep(0.5)
    try:
        yield
    finally:
        with suppress(Exception):
            ray.shutdown()
