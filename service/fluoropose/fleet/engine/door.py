"""The front door as an application of Ray Serve. It keeps nothing: another one may run beside it or in its place."""

import asyncio
import random
import time
from typing import Any

import ray
from ray import serve

from fluoropose.errors import FluoroposeError, NotReadyError
from fluoropose.fleet.door.app import create_door
from fluoropose.fleet.door.calls import WorkerCalls
from fluoropose.fleet.door.placing import Placer
from fluoropose.fleet.door.rpc import DoorCalls, RefusedCallError
from fluoropose.fleet.engine.cluster import NAMESPACE
from fluoropose.fleet.engine.keeper import fleet_actors, keeper_actor
from fluoropose.fleet.engine.worker import KEEPER
from fluoropose.fleet.plan import FleetPlan
from fluoropose.fleet.roster import Roster
from fluoropose.fleet.worker_facts import WorkerFacts, facts_from_record
from fluoropose.serving.api_keys import KeyRing
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.errors import status_code, status_details

__all__ = ["RayView", "deploy", "door_application", "end_fleet"]

_LOOK_S = 0.2
_SERVICER = "fluoropose.transports.grpc.fluoropose_pb2_grpc.add_RegistrationServicer_to_server"


class RayView:
    """What the keeper last said. While it starts again, that holds for as long as facts do."""

    def __init__(self) -> None:
        """Know nothing before `follow` runs."""
        self.roster = Roster()
        self._writer, self._fleet = "", dict[str, Any]()
        self._heard: dict[str, int] = {}

    async def follow(self) -> None:
        """Ask the keeper until cancelled."""
        while True:
            try:
                keeper: Any = ray.get_actor(KEEPER, NAMESPACE)
                self._take(await keeper.snapshot.remote())
            except (ValueError, ray.exceptions.RayError):
                pass
            await asyncio.sleep(_LOOK_S)

    def workers(self) -> list[WorkerFacts]:
        """Return the workers that can be counted on."""
        return self.roster.current(time.monotonic())

    def everybody(self) -> list[WorkerFacts]:
        """Return all workers that were heard of."""
        return self.roster.known()

    def writer(self) -> str:
        """Return the address of the writer, empty while there is none."""
        return self._writer

    async def forget(self, case: str) -> None:
        """Have every worker free a case."""
        await _keeper().forget.remote(case)

    async def drain(self, name: str) -> dict[str, list[str]]:
        """Have a worker, or all of a node, give up its sessions and end."""
        told: dict[str, list[str]] = await _keeper().drain.remote(name)
        return told

    async def undrain(self, name: str) -> list[str]:
        """Let workers start on a node again."""
        nodes: list[str] = await _keeper().undrain.remote(name)
        return nodes

    def status(self) -> dict[str, Any]:
        """Return how many workers were started and are wanted, and the nodes where none is started."""
        return self._fleet

    def _take(self, snapshot: dict[str, Any]) -> None:
        now_s, heard = time.monotonic(), snapshot["heard"]
        known = {record["worker"] for record in snapshot["workers"]}
        for record in snapshot["workers"]:
            # Nothing said since is no news: a worker that is suspected stays so until it says something itself.
            if heard.get(record["worker"]) != self._heard.get(record["worker"]):
                self.roster.report(facts_from_record(record), now_s)
        self._heard = heard
        for gone in {one.worker for one in self.roster.known()} - known:
            self.roster.forget(gone)
        self._writer = snapshot["writer"]
        self._fleet = {name: snapshot[name] for name in ("wanted", "started", "avoided")}


def _keeper() -> Any:
    try:
        return ray.get_actor(KEEPER, NAMESPACE)
    except ValueError as error:
        raise NotReadyError("expected the fleet's keeper to run, got none now: Ray starts it again") from error


class FrontDoor:
    """One front door: HTTP through the application that it builds, gRPC through its methods of the service's names."""

    def __init__(self, plan: FleetPlan) -> None:
        """Begin to follow the fleet; Ray calls this on the event loop that serves."""
        self._plan, self._view = plan, RayView()
        self._calls = WorkerCalls(plan.authority)
        self._following = asyncio.get_running_loop().create_task(self._view.follow())
        self._rpc = DoorCalls(self._view, Placer(self._view, random.Random()), plan.authority)

    def __serve_build_asgi_app__(self) -> Any:
        """Return the HTTP application."""
        keys = None if self._plan.keys is None else KeyRing(self._plan.keys)
        return create_door(self._view, self._calls, keys)

    async def OpenSession(self, request: pb.OpenSessionRequest, grpc_context: Any) -> Any:  # noqa: N802
        """Open a session on a worker."""
        work = self._rpc.open_session(request, _key(grpc_context))
        return await _answered(grpc_context, work, pb.OpenSessionResponse())

    async def CloseSession(self, request: pb.CloseSessionRequest, grpc_context: Any) -> Any:  # noqa: N802
        """Close a session where it is."""
        work = self._rpc.close_session(request, _key(grpc_context))
        return await _answered(grpc_context, work, pb.CloseSessionResponse())

    async def Register(self, request: pb.RegisterRequest, grpc_context: Any) -> Any:  # noqa: N802
        """Say which worker registers."""
        case = request.settings.case
        return await _answered(grpc_context, self._refer(frozenset([case] if case else [])), pb.Result())

    async def Track(self, requests: Any, grpc_context: Any) -> Any:  # noqa: N802
        """Say that frames go to the worker that OpenSession named."""
        nothing = await _answered(grpc_context, self._refer(frozenset()), None)
        if nothing is None:
            # A stream's status reaches the client without a message before it only if something is raised.
            raise RuntimeError(grpc_context.details())
        yield nothing

    async def _refer(self, cases: frozenset[str]) -> Any:
        raise self._rpc.elsewhere(cases)


async def _answered(context: Any, work: Any, nothing: Any) -> Any:
    """Return what a call answers; after an error of ours `nothing`, with the status that the client sees in its place.

    An error that is raised here would be pickled, logged with its traceback, and reach the client as an internal one.
    """
    try:
        return await work
    except RefusedCallError as error:
        context.set_code(error.status)
        context.set_details(str(error))
    except FluoroposeError as error:
        context.set_code(status_code(error))
        context.set_details(status_details(error))
    return nothing


def _key(context: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, value in context.invocation_metadata() if name in ("authorization", "x-api-key")]


def door_application(plan: FleetPlan) -> Any:
    """Return the application of Ray Serve."""
    door = serve.deployment(
        name="door", num_replicas=plan.doors, max_ongoing_requests=500, ray_actor_options={"num_cpus": 0},
        health_check_period_s=2, graceful_shutdown_timeout_s=5,
    )(serve.ingress()(FrontDoor))  # fmt: skip
    return door.bind(plan)


def deploy(plan: FleetPlan) -> None:
    """Start the keeper, and the front doors on a port of each machine that has one."""
    keeper_actor(plan)
    http = {"host": plan.host, "port": plan.port, "request_timeout_s": 120.0}
    if plan.tls_key is not None:
        http |= {"ssl_keyfile": str(plan.tls_key), "ssl_certfile": str(plan.tls_chain)}
    grpc = {"port": plan.grpc_port, "grpc_servicer_functions": [_SERVICER]} if plan.grpc_port >= 0 else None
    serve.start(proxy_location="EveryNode", http_options=http, grpc_options=grpc)
    serve.run(door_application(plan), name="fluoropose", route_prefix="/")


def end_fleet() -> None:
    """End the front doors, the workers and the keeper."""
    serve.shutdown()
    for name in fleet_actors():
        ray.kill(ray.get_actor(name, NAMESPACE), no_restart=True)
