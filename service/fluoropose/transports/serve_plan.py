"""What to serve, where, and behind which keys and certificates."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError
from fluoropose.serving.preparation_worker import PreparationLimits
from fluoropose.serving.session_registry import MAX_SESSIONS
from fluoropose.transports.grpc.app import RpcTls
from fluoropose.transports.http.web_pages import WebRules

__all__ = ["ServePlan", "WorkerPlan", "worker_plan"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """The worker `name` of a fleet, for the holder of `token`. It ends when the process `parent` does.

    Cases are loaded when they are asked for, looked at every `refresh_s`, and leave when no session used them for
    `case_idle_s`. `writes`: it is the one of a fleet that takes and deletes cases, and has no sessions.
    """

    name: str
    token: str
    parent: int
    case_idle_s: float = 1800.0
    refresh_s: float = 5.0
    writes: bool = False


@dataclass(frozen=True, slots=True)
class ServePlan:
    """What to serve and where.

    A port of -1 leaves its server out. `threads` are ONNX Runtime's on the CPU. `budget_bytes` bounds the resident
    cases. `renderer` says where views are rendered. `behind_proxy` promises that a proxy guards the address. `grace_s`
    is for frames in flight at the end. Every `ping_s` a WebSocket client is asked whether it is there; without an
    answer for twice that time its stream ends. `read_only` serves a folder of cases that another process may write;
    `preparation` bounds what making a case takes. `allow_hosts` are names that the service is called by,
    `allow_origins` web pages that may call it. Sessions are recorded in `record_dir`, by default not at all.
    `remote_cases` is the address of an object store, of which `cases` is the cache; empty for none. `console` says
    whether the console's page is served, None that it is on loopback. `traces` is the address that traces go to; empty
    for none. `max_sessions` may be open at once. `worker` makes it one of a fleet.
    """

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
    ping_s: float = 5.0
    read_only: bool = False
    preparation: PreparationLimits = PreparationLimits()
    renderer: str = "auto"
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    remote_cases: str = ""
    record_dir: Path | None = None
    console: bool | None = None
    traces: str = ""
    max_sessions: int = MAX_SESSIONS
    worker: WorkerPlan | None = None

    @property
    def has_console(self) -> bool:
        """Whether the console's page is served."""
        return self.host in _LOOPBACK if self.console is None else self.console

    def tls(self) -> RpcTls | None:
        """Return the TLS files, None for none, or raise InputError for half of a pair."""
        if (self.tls_key is None) != (self.tls_chain is None):
            raise InputError("expected both --tls-key and --tls-cert, got one of them")
        if self.tls_key is None or self.tls_chain is None:
            if self.client_authority is not None:
                raise InputError("expected --tls-key and --tls-cert with --tls-client-ca, got neither")
            return None
        return RpcTls(self.tls_key, self.tls_chain, self.client_authority)

    def web_rules(self) -> WebRules:
        """Return which names and pages are let in, or raise InputError for one that is none."""
        own = () if self.host in _LOOPBACK or ":" in self.host else (self.host.lower(),)
        hosts = (*own, *(host.lower() for host in self.allow_hosts))
        return WebRules(hosts, tuple(origin.lower().rstrip("/") for origin in self.allow_origins))

    def require_guarded(self) -> None:
        """Raise InputError for an address beyond this machine without keys, or without TLS or a proxy's promise."""
        if self.host in _LOOPBACK or (self.behind_proxy and self.keys is None):
            return
        if self.keys is None:
            raise InputError(
                f"expected a loopback address or --keys, got {self.host} without: make keys with `fluoropose keys "
                "add`, or say --behind-proxy if a proxy checks who comes in"
            )
        if self.tls() is None and not self.behind_proxy:
            raise InputError(
                f"expected TLS on {self.host}, got none: give --tls-key and --tls-cert, or say --behind-proxy if a "
                "proxy does it"
            )


def worker_plan(fields: dict[str, Any] | None) -> WorkerPlan | None:
    """Return what a fleet started this process for, None where no fleet did; raise InputError for another's words."""
    try:
        return None if fields is None else WorkerPlan(**{"parent": os.getppid()} | fields)
    except TypeError as error:
        raise InputError(f"expected a worker's plan of this version in FLUOROPOSE_WORKER, got: {error}") from error
