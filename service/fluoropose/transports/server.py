"""`serve`: build every part and run both transports in one process, in a written order.

Start: keys and TLS are read, the device is opened, HTTP and gRPC are bound (alive, not ready), the cases are loaded and
warmed up, then the service is ready. SIGTERM: the service is not ready any more, clients of streams are told so and the
frames in flight are answered, gRPC and HTTP stop, the process exits with code 0.
"""

import asyncio
import gc
import logging
import signal
import ssl
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import uvicorn

import fluoropose
from fluoropose.errors import DeviceError
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.remote_cases import RemoteCases
from fluoropose.parallel import available_cores
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.case_store import CaseStore
from fluoropose.serving.key_watch import KeyWatch
from fluoropose.serving.on_demand_store import OnDemandStore
from fluoropose.serving.preparation_process import PreparationProcess
from fluoropose.serving.service import Service
from fluoropose.serving.session_recorder import record_sessions
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.serving.wiring import ServingParts, wire_serving
from fluoropose.telemetry.logs import configure_logs
from fluoropose.telemetry.metrics import Metrics
from fluoropose.telemetry.traces import Traces, open_traces
from fluoropose.transports.byte_budget import ByteBudget
from fluoropose.transports.connection_book import ConnectionBook, ConnectionLimits
from fluoropose.transports.grpc.app import RpcServer, RpcTls
from fluoropose.transports.http.app import Doors, create_app
from fluoropose.transports.http.bodies import MAX_BODY_BYTES, BodyBudgets
from fluoropose.transports.http_protocol import GuardedHttp
from fluoropose.transports.serve_plan import ServePlan
from fluoropose.transports.worker_process import follow_fleet
from fluoropose.transports.ws_protocol import GuardedWebSocket

__all__ = ["ServePlan", "http_config", "loop_factory", "run_server"]

_SWITCH_S = 0.001
"""How long a Python thread may keep the interpreter from the event loop; the default is a sixth of a frame period."""

_KEEP_ALIVE_S = 30
"""How long an idle HTTP connection is kept: longer than between two scrapes or the frames of a slow console."""

_HANDSHAKE_S = 10.0
"""How long a TLS handshake may take, as gRPC's."""

_FILES = 16384
"""Sockets, files and pipes: connections have limits of their own far below."""

_log = logging.getLogger("fluoropose.service")


def run_server(plan: ServePlan) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    ConflictError
        If another server writes the folder of cases.
    InputError
        If the address is not loopback and there are no keys, or neither TLS nor a promised proxy that does it.
    """
    tls = plan.tls()
    plan.require_guarded()
    rules = plan.web_rules()
    keys = None if plan.keys is None else KeyRing(plan.keys)
    if tls is not None:
        tls.credentials()
    traces = open_traces(plan.traces, fluoropose.__version__) if plan.traces else Traces()
    configure_logs(plan.log_level)
    _allow_files()
    sys.setswitchinterval(_SWITCH_S)
    device = open_device(plan.device, min(plan.threads, available_cores()), plan.cuda_graphs, plan.renderer)
    remote = RemoteCases(plan.remote_cases) if plan.remote_cases else None
    follows = plan.worker is not None and not plan.worker.writes
    store = (
        OnDemandStore(plan.cases, remote=remote)
        if follows
        else CaseStore.open(
            plan.cases,
            read_only=plan.read_only,
            remote=remote,
            records_only=remote is not None and plan.worker is not None,
        )
    )
    if store.read_only and not follows:
        _log.warning("read-only", extra={"fields": {"because": store.read_only}})
    preparing = PreparationProcess(plan.preparation)
    prefix = "" if plan.worker is None else f"{plan.worker.name}."
    service = Service(
        device, plan.cases, plan.models, budget_bytes=plan.budget_bytes, prepare=preparing.prepare, store=store,
        on_demand=plan.worker is not None, sessions=SessionRegistry(plan.max_sessions, prefix=prefix),
    )  # fmt: skip
    fields = {"device": device.label, "note": device.note, "threads": device.threads, "cuda_graphs": device.graphs}
    fields["renderer"] = device.renderers.label
    _log.info("device", extra={"fields": fields})
    recorder = None if plan.record_dir is None else record_sessions(service, plan.record_dir)
    # uvicorn raises the signal again once it has shut down; by then everything is done, and that is a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        if not store.read_only:
            preparing.warm()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(plan, wire_serving(service, recorder=recorder, traces=traces), Doors(keys, rules), tls))
    finally:
        if recorder is not None:
            recorder.close()
        preparing.close()
        service.stop()
        traces.close()


def loop_factory(handshake_s: float = _HANDSHAKE_S) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the maker of an event loop, uvloop's where uvloop is installed, whose TLS handshakes end in time."""
    base: Any = getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop)
    with suppress(ImportError):
        import uvloop

        base = uvloop.Loop

    class Loop(base):  # type: ignore[misc]
        async def create_server(self, *arguments: Any, ssl: Any = None, **fields: Any) -> asyncio.Server:
            times = {} if ssl is None else {"ssl_handshake_timeout": handshake_s}
            server: asyncio.Server = await super().create_server(*arguments, ssl=ssl, **times, **fields)
            return server

    return Loop


def http_config(
    plan: ServePlan, app: Any, book: ConnectionBook | None = None, budget: ByteBudget | None = None
) -> uvicorn.Config:
    """Return how uvicorn serves an application, with connections in a book and messages within a budget."""
    book = ConnectionBook() if book is None else book
    budget = BodyBudgets().large if budget is None else budget
    tls: dict[str, Any] = {}
    if plan.tls_key is not None:
        tls = {"ssl_keyfile": str(plan.tls_key), "ssl_certfile": str(plan.tls_chain)}
    if plan.client_authority is not None:
        tls |= {"ssl_ca_certs": str(plan.client_authority), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return uvicorn.Config(
        app,
        host=plan.host,
        port=plan.port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, int(plan.grace_s)),
        timeout_keep_alive=_KEEP_ALIVE_S,
        # One message waits at most: a queue here would hold old frames in front of the newest. Pixels do not deflate.
        http=partial(GuardedHttp, book),  # type: ignore[arg-type]
        ws=partial(GuardedWebSocket, book, budget),  # type: ignore[arg-type]
        proxy_headers=plan.behind_proxy,
        ws_max_queue=1,
        ws_max_size=MAX_BODY_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=plan.ping_s,
        ws_ping_timeout=2.0 * plan.ping_s,
        **tls,
    )


class _HttpServer(uvicorn.Server):
    """Sets `stop_asked` at the first signal, so that the service drains before uvicorn stops; a second one stops."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop_asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: object) -> None:
        if self.stop_asked.is_set():
            super().handle_exit(sig, frame)  # type: ignore[arg-type]
        else:
            self._loop.call_soon_threadsafe(self.stop_asked.set)


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """The plan, the parts, and the servers that carry them; `rpc` is None where gRPC is left out."""

    plan: ServePlan
    parts: ServingParts
    http: _HttpServer
    rpc: RpcServer | None


async def _serve(plan: ServePlan, parts: ServingParts, doors: Doors, tls: RpcTls | None) -> None:
    keys, book = doors.keys, ConnectionBook(_limits(plan))
    app = create_app(parts, doors=doors, console=plan.has_console)
    follow: list[Coroutine[Any, Any, None]] = []
    if plan.worker is not None:
        router, follow = follow_fleet(plan.worker, parts)
        app.include_router(router)
    http = _HttpServer(http_config(plan, app, book, doors.budgets.large))
    running = _Running(plan, parts, http, RpcServer(parts, keys) if plan.grpc_port >= 0 else None)
    parts.metrics.read("tls_handshakes", lambda: book.open_handshakes, state="open")
    parts.metrics.read("tls_handshakes", lambda: book.failed_handshakes, state="failed")
    end_metrics = _serve_metrics(plan, parts.metrics)
    async with parts.run():
        if running.rpc is not None:
            bound = await running.rpc.start(plan.host, plan.grpc_port, tls)
            _log.info("grpc", extra={"fields": {"host": plan.host, "port": bound}})
        watch = [] if keys is None else [KeyWatch(keys, parts.streams).run()]
        beside = [asyncio.create_task(work) for work in (_load(running), _drain(running), book.run(), *watch, *follow)]
        try:
            await http.serve()
        finally:
            for task in beside:
                task.cancel()
            if running.rpc is not None:
                await running.rpc.stop(0.0)
            end_metrics()
    _log.info("stopped", extra={"fields": {}})


def _limits(plan: ServePlan) -> ConnectionLimits:
    """Return the limits of connections; behind a proxy all come from its address."""
    limits = ConnectionLimits()
    many = {"per_address": limits.total, "streams_per_address": limits.total // 2} if plan.behind_proxy else {}
    return replace(limits, **many)


def _allow_files() -> None:
    """Let this process open as many files and sockets as the system lets it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _serve_metrics(plan: ServePlan, metrics: Metrics) -> Callable[[], None]:
    """Serve scrapes on a port of their own if there is one; return what ends that."""
    if plan.metrics_port < 0:
        return lambda: None
    try:
        return metrics.serve(plan.metrics_port)
    except OSError as error:
        raise DeviceError(f"expected a free port {plan.metrics_port} for metrics, got: {error.strerror}") from error


async def _load(running: _Running) -> None:
    """Load the cases beside the running servers, so that liveness answers from the start."""
    service = running.parts.service
    await asyncio.to_thread(service.start)
    await asyncio.to_thread(running.parts.broker.warm_decoders)
    gc.collect()
    gc.freeze()
    for record in service.records.values():
        fields = {"case": record.name, "state": record.state, "detail": record.detail}
        _log.info("case", extra={"fields": fields})
    if running.rpc is not None and service.readiness()["status"] == "ok":
        await running.rpc.set_serving(True)
    _log.info("started", extra={"fields": {"ready": service.readiness()["status"]}})


async def _drain(running: _Running) -> None:
    """Once a signal asks for it: refuse new work, answer the frames in flight, then stop the servers."""
    await running.http.stop_asked.wait()
    running.parts.service.drain()
    fields = {"streams": len(running.parts.streams), "pending": running.parts.broker.pending}
    _log.info("draining", extra={"fields": fields})
    if running.rpc is not None:
        await running.rpc.set_serving(False)
    await running.parts.streams.drain(running.plan.grace_s)
    if running.rpc is not None:
        await running.rpc.stop(running.plan.grace_s)
    running.http.should_exit = True
