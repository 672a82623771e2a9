"""A fleet on this machine alone, several nodes of Ray as processes: for measurements and tests."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import ray
from ray.cluster_utils import Cluster

from fluoropose.errors import DeviceError
from fluoropose.evaluation.server_process import free_ports
from fluoropose.fleet.engine.cluster import NAMESPACE, connected
from fluoropose.fleet.engine.door import deploy, end_fleet
from fluoropose.fleet.plan import FleetPlan

__all__ = ["LocalFleet", "local_fleet"]

_START_S = 180.0
_HELPERS = ("metrics_agent_port", "metrics_export_port", "runtime_env_agent_port", "dashboard_agent_listen_port")


@dataclass(frozen=True, slots=True)
class LocalFleet:
    """A fleet that runs: its front door's addresses."""

    http: str
    grpc: str

    def status(self) -> dict[str, Any]:
        """Return what the front door says of the fleet."""
        told: dict[str, Any] = httpx.get(f"{self.http}/v1/fleet", timeout=10.0, trust_env=False).json()
        return told

    def workers(self) -> list[str]:
        """Return the names of the workers that take sessions."""
        return [
            one["worker"] for one in self.status()["workers"] if one["there"] and one["ready"] and not one["draining"]
        ]

    def process_id(self, worker: str) -> int:
        """Return the id of the process of a worker that serves, once Ray has started it; DeviceError after a time."""
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            with suppress(ray.exceptions.RayActorError, ValueError):
                actor: Any = ray.get_actor(f"fluoropose-{worker}", NAMESPACE)
                number: int = ray.get(actor.process_id.remote())
                return number
            time.sleep(0.2)
        raise DeviceError(f"expected worker {worker} to run within {_START_S:g} s, got none")

    def wait_for(self, workers: int, timeout_s: float = _START_S) -> list[str]:
        """Return the workers once there are as many, and the writer; raise DeviceError after the time."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            with suppress(httpx.HTTPError, ValueError, KeyError):
                names = self.workers()
                if len(names) >= workers and self.status()["writer"]:
                    return names
            time.sleep(0.2)
        raise DeviceError(f"expected {workers} workers within {timeout_s:g} s, got: {self.status()}")


@contextmanager
def local_fleet(plan: FleetPlan, nodes: Sequence[int] = ()) -> Iterator[LocalFleet]:
    """Run a fleet of a plan, whose workers have all cores of one node, or of `nodes` with so many cores each.

    Raises
    ------
    DeviceError
        If its workers do not start in time.
    """
    cores = 0 if nodes else plan.most_workers
    head = {"num_cpus": cores, "include_dashboard": False, "no_monitor": True, **_helpers()}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for count in nodes:
            cluster.add_node(num_cpus=count, **_helpers())
        with connected(cluster.address):
            try:
                deploy(plan)
                fleet = LocalFleet(f"http://127.0.0.1:{plan.port}", f"127.0.0.1:{plan.grpc_port}")
                fleet.wait_for(plan.workers)
                yield fleet
            finally:
                end_fleet()
    finally:
        cluster.shutdown()


def _helpers() -> dict[str, Any]:
    """Return ports of a node's helpers, for which it would wait only 15 s if they chose them."""
    return {"include_log_monitor": False, **dict(zip(_HELPERS, free_ports(len(_HELPERS)), strict=True))}
