"""A worker as an actor of Ray: it starts a process that serves, watches it, and tells the keeper about it.

If the process ends, the actor ends too, and Ray starts both again; if the actor ends, the process does.
"""

import os
import threading
import time
from collections.abc import Sequence
from typing import Any

import ray

from fluoropose.errors import FluoroposeError
from fluoropose.fleet.engine.cluster import NAMESPACE
from fluoropose.fleet.plan import FleetPlan
from fluoropose.fleet.worker_process import WorkerProcess

__all__ = ["FleetWorker", "KEEPER", "TELL_S", "worker_actor"]

KEEPER = "fluoropose-keeper"
TELL_S = 0.25
"""Between two times that a worker tells about itself; a front door believes it for two seconds."""


class FleetWorker:
    """One worker. Its name stays when Ray starts it again; its sessions and ports do not."""

    def __init__(self, plan: FleetPlan, name: str, writer: bool = False) -> None:
        """Start the process and the thread that watches it."""
        self._name, self._writer = name, writer
        node = ray.util.get_node_ip_address()
        self._extra = {"node": node, "node_id": ray.get_runtime_context().get_node_id()}
        self._process = WorkerProcess(plan, name, node, writer=writer)
        self._draining = False
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def process_id(self) -> int:
        """Return the id of the process that serves."""
        return self._process.process.pid

    def forget(self, case: str) -> None:
        """End the sessions of a case and free it."""
        self._process.forget(case)

    def drain(self) -> None:
        """Let the sessions go elsewhere, and return when the process has ended."""
        self._draining = True
        self._process.end()

    def _watch(self) -> None:
        try:
            self._process.wait_until_started()
            while True:
                self._process.require_alive()
                self._tell()
                time.sleep(TELL_S)
        except FluoroposeError:
            if not self._draining:
                os._exit(1)

    def _tell(self) -> None:
        facts = self._process.facts()
        if facts is None:
            return
        try:
            keeper: Any = ray.get_actor(KEEPER, NAMESPACE)
            keeper.report.remote(facts | self._extra, self._writer)
        except (ValueError, ray.exceptions.RayError):
            # The keeper starts again, or this actor ends: the next time tells it.
            return


def worker_actor(plan: FleetPlan, name: str, *, writer: bool = False, avoided: Sequence[str] = ()) -> Any:
    """Start a worker where Ray finds room for its share, on none of the `avoided` nodes (Ray's ids)."""
    share = plan.share
    selector = {"label_selector": {"ray.io/node-id": f"!in({','.join(avoided)})"}} if avoided else {}
    options: dict[str, Any] = {"num_cpus": 0 if writer else share.cpus, "num_gpus": 0 if writer else share.gpus}
    return ray.remote(FleetWorker).options(
        name=f"fluoropose-{name}", namespace=NAMESPACE, lifetime="detached", max_restarts=-1, max_task_retries=0,
        max_concurrency=4, scheduling_strategy="SPREAD", get_if_exists=True, **options, **selector,
    ).remote(plan, name, writer)  # fmt: skip
