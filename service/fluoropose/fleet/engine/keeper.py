"""The keeper: one actor that knows who is there, and has Ray start or end workers until there are as many as wanted.

It is on no frame's way and on no session's: front doors keep what it last said. All that it knows is told again.
"""

import asyncio
import secrets
import time
from collections import Counter
from typing import Any

import ray

from fluoropose.fleet.engine.cluster import NAMESPACE
from fluoropose.fleet.engine.worker import KEEPER, worker_actor
from fluoropose.fleet.plan import FleetPlan
from fluoropose.fleet.roster import Roster, ScaleRule, wanted_workers
from fluoropose.fleet.worker_facts import WorkerFacts, facts_from_record

__all__ = ["Keeper", "fleet_actors", "keeper_actor"]

_LOOK_S = 0.5
_CALM = 60
"""So many looks in a row must want fewer workers before one is ended."""

_WRITER = "writer"


class Keeper:
    """Keeps the roster and the number of workers."""

    def __init__(self, plan: FleetPlan) -> None:
        """Begin to look; workers that run already tell about themselves."""
        self._plan = plan
        self._roster, self._writers = Roster(), Roster()
        self._workers: dict[str, Any] = _running_workers()
        self._draining: set[str] = set()
        self._avoided: dict[str, str] = {}
        self._heard: Counter[str] = Counter()
        self._restarts: Counter[str] = Counter()
        self._calm = 0
        self._writer = worker_actor(plan, _WRITER, writer=True)
        self._task = asyncio.get_event_loop().create_task(self._run())

    async def report(self, record: dict[str, Any], writer: bool = False) -> None:
        """Take in what a worker says of itself."""
        facts = facts_from_record(record)
        self._heard[facts.worker] += 1
        if any(one.worker == facts.worker and one.http != facts.http for one in self._roster.known()):
            self._restarts[facts.worker] += 1
        (self._writers if writer else self._roster).report(facts, time.monotonic())

    async def snapshot(self) -> dict[str, Any]:
        """Return who is there, who was heard of, and where the writer is."""
        now_s = time.monotonic()
        there = [one.worker for one in self._roster.current(now_s)]
        writers = self._writers.current(now_s)
        return {
            "workers": [self._record(one) for one in self._roster.known()],
            "heard": {name: self._heard[name] for name in there},
            "writer": writers[0].http if writers else "",
            "wanted": wanted_workers(self._roster.current(now_s), self._rule()),
            "started": len(self._workers),
            "avoided": sorted(set(self._avoided.values())),
        }

    async def forget(self, case: str) -> None:
        """Have every worker free a case."""
        calls = [one.forget.remote(case) for one in self._workers.values()]
        await asyncio.gather(*calls, return_exceptions=True)

    async def drain(self, name: str) -> dict[str, list[str]]:
        """Have a worker, or all of a node, give up its sessions and end; others take its place where there is room.

        No worker starts on such a node again, until it has left the cluster and come back, or `undrain` is called.
        Returns the workers that are `draining` and the addresses that are `avoided`.
        """
        nodes = _living_nodes(name)
        self._avoided |= nodes
        names = [one.worker for one in self._roster.known() if name in (one.worker, one.node)]
        for one in names:
            self._begin_end(one)
        return {"draining": names, "avoided": sorted(set(nodes.values()))}

    async def undrain(self, name: str) -> list[str]:
        """Let workers start on a node again; return its address if it was avoided."""
        again = [node for node, address in self._avoided.items() if address == name]
        for node in again:
            del self._avoided[node]
        # Those that wait for room were told to avoid the node: others are started in their place.
        heard = {one.worker for one in self._roster.known()}
        for worker in [one for one in self._workers if again and one not in heard]:
            ray.kill(self._workers.pop(worker), no_restart=True)
        return [name] if again else []

    def _begin_end(self, worker: str) -> None:
        self._draining.add(worker)
        asyncio.get_event_loop().create_task(self._end(worker))

    def _record(self, facts: WorkerFacts) -> dict[str, Any]:
        again = {"restarts": self._restarts[facts.worker]}
        return facts.record() | again | ({"draining": True} if facts.worker in self._draining else {})

    def _rule(self) -> ScaleRule:
        return ScaleRule(self._plan.workers, self._plan.most_workers)

    async def _run(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        """Start workers that are missing, and end one that has not been needed for long."""
        there = self._roster.current(time.monotonic())
        if self._avoided:
            living = _living_nodes()
            self._avoided = {node: address for node, address in self._avoided.items() if node in living}
        for one in there:
            # Ray starts a worker that ended again where it likes.
            if one.extra.get("node_id") in self._avoided and one.worker not in self._draining:
                self._begin_end(one.worker)
        staying = [name for name in self._workers if name not in self._draining]
        wanted = wanted_workers([one for one in there if one.worker in staying], self._rule())
        for _ in range(wanted - len(staying)):
            name = f"w{secrets.token_hex(3)}"
            self._workers[name] = worker_actor(self._plan, name, avoided=tuple(self._avoided))
        self._calm = self._calm + 1 if wanted < len(staying) == len(there) else 0
        if self._calm > _CALM:
            self._calm = 0
            least = min((one for one in there if one.worker in staying), key=lambda one: one.sessions)
            await self.drain(least.worker)

    async def _end(self, name: str) -> None:
        worker = self._workers.get(name)
        if worker is not None:
            await asyncio.gather(worker.drain.remote(), return_exceptions=True)
            ray.kill(worker, no_restart=True)
        self._workers.pop(name, None)
        self._draining.discard(name)
        self._roster.forget(name)


def _running_workers() -> dict[str, Any]:
    """Return the workers that a keeper before this one started."""
    names = [name.removeprefix("fluoropose-") for name in fleet_actors()]
    there = [name for name in names if name.startswith("w") and name != _WRITER]
    return {name: ray.get_actor(f"fluoropose-{name}", NAMESPACE) for name in there}


def _living_nodes(address: str = "") -> dict[str, str]:
    """Return the ids of Ray's nodes that are there, with their addresses: all, or those of one address."""
    nodes: Any = ray.nodes()
    found = {one["NodeID"]: one["NodeManagerAddress"] for one in nodes if one["Alive"]}
    return {node: at for node, at in found.items() if address in ("", at)}


def fleet_actors() -> list[str]:
    """Return the names of the actors of a fleet on this cluster."""
    found: Any = ray.util.list_named_actors(all_namespaces=True)
    return [one["name"] for one in found if one["namespace"] == NAMESPACE and one["name"].startswith("fluoropose-")]


def keeper_actor(plan: FleetPlan) -> Any:
    """Start the keeper of a fleet, or return the one that runs."""
    return ray.remote(Keeper).options(
        name=KEEPER, namespace=NAMESPACE, lifetime="detached", max_restarts=-1, max_task_retries=-1, num_cpus=0,
        get_if_exists=True, max_concurrency=100,
    ).remote(plan)  # fmt: skip
