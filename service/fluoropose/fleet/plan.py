"""What a fleet serves and where: given once at its start, and carried to every worker and front door."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError
from fluoropose.io.bundles import shipped_models_root

__all__ = ["FleetPlan", "WorkerShare", "plan_from_values", "port_range"]

_PATHS = ("models", "cache", "keys", "tls_key", "tls_chain", "authority")
_CACHE = Path("/var/cache/fluoropose")


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """What a worker has of a machine: CPUs and GPUs as Ray counts them, and how many sessions it may have."""

    cpus: float = 1.0
    gpus: float = 0.0
    sessions: int = 64
    budget_mb: float | None = None
    device: str = "auto"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What a fleet serves and where.

    `cases` is a folder that all machines see, or the address of an object store. Workers listen on `host`, on `ports`
    (first and last) or on free ones, and are named to clients by `advertise`, where `{node}` is the machine's address.
    Between `workers` and `most_workers` of them run, by load, and
    `doors` front doors. `authority` (PEM) made the certificate of `tls_chain`.
    """

    cases: str
    models: Path
    cache: Path
    host: str = "127.0.0.1"
    port: int = 8000
    grpc_port: int = 8001
    share: WorkerShare = WorkerShare()
    workers: int = 1
    most_workers: int = 1
    doors: int = 1
    ports: tuple[int, int] | None = None
    advertise: str = "{node}"
    keys: Path | None = None
    tls_key: Path | None = None
    tls_chain: Path | None = None
    authority: Path | None = None
    behind_proxy: bool = False
    case_idle_s: float = 1800.0
    refresh_s: float = 5.0
    log_level: str = "warning"

    @property
    def scheme(self) -> str:
        """How workers are spoken to."""
        return "http" if self.tls_key is None else "https"

    def serve_command(self, http_port: int, grpc_port: int) -> list[str]:
        """Return the command of a worker's process."""
        share = self.share
        options: list[tuple[str, Any]] = [
            ("cases", self.cases), ("models", self.models), ("host", self.host), ("port", http_port),
            ("grpc-port", grpc_port), ("device", share.device), ("threads", share.threads),
            ("budget-mb", share.budget_mb), ("keys", self.keys), ("tls-key", self.tls_key),
            ("tls-cert", self.tls_chain), ("max-sessions", share.sessions), ("log-level", self.log_level),
        ]  # fmt: skip
        given = [word for name, value in options if value is not None for word in (f"--{name}", f"{value}")]
        flags = ["--no-console", *(["--behind-proxy"] if self.behind_proxy else [])]
        return [sys.executable, "-m", "fluoropose", "serve", *given, *flags]

    def worker_fields(self, name: str, token: str, *, writer: bool = False) -> dict[str, Any]:
        """Return what a worker's process is told beside its command, as JSON."""
        fields = {"name": name, "token": token, "case_idle_s": self.case_idle_s, "refresh_s": self.refresh_s}
        return fields | {"writes": writer}


def port_range(text: str) -> tuple[int, int] | None:
    """Return the first and the last port of FIRST-LAST, None for nothing; raise InputError for anything else."""
    if not text:
        return None
    first, dash, last = text.partition("-")
    if not (dash and first.isdigit() and last.isdigit() and 0 < int(first) < int(last) < 65536):
        raise InputError(f"expected ports as FIRST-LAST, such as 9000-9099, got {text!r}")
    return int(first), int(last)


def plan_from_values(values: dict[str, Any]) -> FleetPlan:
    """Return the plan of values as JSON or YAML has them, by the names of its fields; raise InputError for others."""
    try:
        fields = {"models": shipped_models_root(), "cache": _CACHE} | values
        fields |= {name: Path(fields[name]) for name in _PATHS if fields.get(name) is not None}
        if "ports" in values:
            fields["ports"] = port_range("{}-{}".format(*values["ports"]))
        fields["share"] = WorkerShare(**values.get("share", {}))
        return FleetPlan(**fields)
    except (TypeError, IndexError) as error:
        raise InputError(f"expected the values of a fleet, got: {error}") from error
