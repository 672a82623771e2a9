"""`serve`: wire everything and run it in one process, in a written order.

Start: keys and TLS are read, the device is opened, HTTP and gRPC are bound (alive, not ready), the cases are loaded and
warmed up, then the service is ready. SIGTERM: not ready, streams are told and what is in flight is answered, gRPC and
HTTP stop, exit code 0.
"""

import asyncio
import gc
import logging
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from fluoropose.errors import DeviceError, InputError
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.parallel import available_cores
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.service import Service
from fluoropose.serving.stream import StreamRegistry
from fluoropose.telemetry.logs import configure_logs
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.grpc.app import RpcServer, RpcTls
from fluoropose.transports.http.app import create_app
from fluoropose.transports.http.bodies import MAX_BODY_BYTES

__all__ = ["ServePlan", "run_server"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SWITCH_S = 0.001
"""How long a Python thread may keep the interpreter from the event loop; the default is a sixth of a frame period."""

_KEEP_S = 30
"""How long an idle HTTP connection is kept: longer than between two scrapes or the frames of a slow console."""

_log = logging.getLogger("fluoropose.service")


@dataclass(frozen=True, slots=True)
class ServePlan:
    """What to serve and where. Ports: -1 leaves a door out. `budget_bytes` bounds the resident cases."""

    cases: Path
    models: Path
    host: str = "127.0.0.1"
    port: int = 8000
    grpc_port: int = 8001
    metrics_port: int = -1
    device: str = "auto"
    threads: int = 1
    cuda_graphs: bool = False
    budget_bytes: int | None = None
    keys: Path | None = None
    tls_key: Path | None = None
    tls_chain: Path | None = None
    client_authority: Path | None = None
    behind_proxy: bool = False
    grace_s: float = 10.0
    log_level: str = "info"

    def tls(self) -> RpcTls | None:
        """Return the TLS files, None for none, or raise InputError for half of a pair."""
        if (self.tls_key is None) != (self.tls_chain is None):
            raise InputError("expected both --tls-key and --tls-cert, got one of them")
        if self.tls_key is None or self.tls_chain is None:
            if self.client_authority is not None:
                raise InputError("expected --tls-key and --tls-cert with --tls-client-ca, got neither")
            return None
        return RpcTls(self.tls_key, self.tls_chain, self.client_authority)


def run_server(plan: ServePlan) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    InputError
        If the address is not loopback and there are no keys, or neither TLS nor a promised proxy that does it.
    """
    tls = plan.tls()
    _require_guarded(plan, tls)
    keys = None if plan.keys is None else KeyRing(plan.keys)
    if tls is not None:
        tls.credentials()
    configure_logs(plan.log_level)
    sys.setswitchinterval(_SWITCH_S)
    service = Service(
        open_device(plan.device, min(plan.threads, available_cores()), plan.cuda_graphs),
        plan.cases,
        plan.models,
        budget_bytes=plan.budget_bytes,
    )
    device = service.device
    fields = {"device": device.label, "note": device.note, "threads": device.threads, "cuda_graphs": device.graphs}
    _log.info("device", extra={"fields": fields})
    # uvicorn raises the signal again once it has shut down; by then everything is done, and that is a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(plan, service, keys, tls))


def _require_guarded(plan: ServePlan, tls: RpcTls | None) -> None:
    if plan.host in _LOOPBACK or (plan.behind_proxy and plan.keys is None):
        return
    if plan.keys is None:
        raise InputError(
            f"expected a loopback address or --keys, got {plan.host} without: make keys with `fluoropose keys add`, or "
            "say --behind-proxy if a proxy checks who comes in"
        )
    if tls is None and not plan.behind_proxy:
        raise InputError(
            f"expected TLS on {plan.host}, got none: give --tls-key and --tls-cert, or say --behind-proxy if a proxy "
            "does it"
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Server(uvicorn.Server):
    """Hands the first signal to us, who drain before uvicorn stops; a second one stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: object) -> None:
        if self.asked.is_set():
            super().handle_exit(sig, frame)  # type: ignore[arg-type]
        else:
            self._loop.call_soon_threadsafe(self.asked.set)


async def _serve(plan: ServePlan, service: Service, keys: KeyRing | None, tls: RpcTls | None) -> None:
    metrics = Metrics()
    app = create_app(service, metrics, keys)
    streams: StreamRegistry = app.state.streams
    server = _Server(_http_config(plan, app))
    rpc = RpcServer(streams, keys) if plan.grpc_port >= 0 else None
    end_metrics = _metrics_door(plan, metrics)
    if rpc is not None:
        bound = await rpc.start(plan.host, plan.grpc_port, tls)
        _log.info("grpc", extra={"fields": {"host": plan.host, "port": bound}})
    loading = asyncio.create_task(_load(service, rpc))
    draining = asyncio.create_task(_drain(plan, server, service, streams, rpc))
    try:
        await server.serve()
    finally:
        for task in (loading, draining):
            task.cancel()
        if rpc is not None:
            await rpc.stop(0.0)
        end_metrics()
    _log.info("stopped", extra={"fields": {}})


def _http_config(plan: ServePlan, app: Any) -> uvicorn.Config:
    tls: dict[str, Any] = {}
    if plan.tls_key is not None:
        tls = {"ssl_keyfile": str(plan.tls_key), "ssl_certfile": str(plan.tls_chain)}
    if plan.client_authority is not None:
        tls |= {"ssl_ca_certs": str(plan.client_authority), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return uvicorn.Config(
        app,
        host=plan.host,
        port=plan.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, int(plan.grace_s)),
        timeout_keep_alive=_KEEP_S,
        # One message waits at most: a queue here would hold old frames in front of the newest. Pixels do not deflate.
        ws="auto",
        ws_max_queue=1,
        ws_max_size=MAX_BODY_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=5.0,
        ws_ping_timeout=10.0,
        **tls,
    )


def _metrics_door(plan: ServePlan, metrics: Metrics) -> Callable[[], None]:
    if plan.metrics_port < 0:
        return lambda: None
    try:
        return metrics.serve(plan.metrics_port)
    except OSError as error:
        raise DeviceError(f"expected a free port {plan.metrics_port} for metrics, got: {error.strerror}") from error


async def _load(service: Service, rpc: RpcServer | None) -> None:
    """Load the cases beside the running server, so that liveness answers from the start."""
    await asyncio.to_thread(service.start)
    gc.collect()
    gc.freeze()
    for record in service.records.values():
        fields = {"case": record.name, "state": record.state, "detail": record.detail}
        _log.info("case", extra={"fields": fields})
    if rpc is not None and service.readiness()["status"] == "ok":
        await rpc.set_serving(True)
    _log.info("started", extra={"fields": {"ready": service.readiness()["status"]}})


async def _drain(
    plan: ServePlan, server: _Server, service: Service, streams: StreamRegistry, rpc: RpcServer | None
) -> None:
    await server.asked.wait()
    service.draining = True
    _log.info("draining", extra={"fields": {"streams": len(streams), "pending": streams.broker.pending}})
    if rpc is not None:
        await rpc.set_serving(False)
    await streams.drain(plan.grace_s)
    if rpc is not None:
        await rpc.stop(plan.grace_s)
    server.should_exit = True
