"""`fluoropose fleet start`: the first machine of a fleet, with its front door; or a fleet on a cluster that runs."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import plain_errors, print_dim
from fluoropose.cli.fleet.options import Cpus, Gpus, Node, Token, part
from fluoropose.cli.interrupts import wait_for_end
from fluoropose.cli.settings import Settings

__all__ = ["start"]


def start(
    cases: Annotated[str, typer.Option("--cases", help="Folder of cases that all machines see, or s3://...")],
    models: Annotated[Path | None, typer.Option("--models", help="Folder of models; the shipped ones.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Workers that always run.")] = 1,
    most_workers: Annotated[int, typer.Option("--most-workers", help="By load; as --workers if not given.")] = 0,
    doors: Annotated[int, typer.Option("--doors", min=1, help="Front doors.")] = 1,
    host: Annotated[str, typer.Option("--host", help="The address that is listened on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="HTTP of the front door.")] = 8000,
    grpc_port: Annotated[int, typer.Option("--grpc-port", help="gRPC of the front door; -1 for none.")] = 8001,
    ports: Annotated[str, typer.Option("--worker-ports", help="FIRST-LAST; free ones if not given.")] = "",
    advertise: Annotated[str, typer.Option("--advertise", help="Workers' name for clients.")] = "{node}",
    cpus: Cpus = 1.0,
    gpus: Gpus = 0.0,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="Most sessions per worker.")] = 64,
    budget_mb: Annotated[float | None, typer.Option("--budget-mb", help="Resident cases per worker.")] = None,
    case_idle_s: Annotated[float, typer.Option("--case-idle-s", help="Until an unused case leaves.")] = 1800.0,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "",
    keys: Annotated[Path | None, typer.Option("--keys", help="File of API keys, on every machine.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Private key, PEM.")] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain, PEM.")] = None,
    authority: Annotated[Path | None, typer.Option("--tls-authority", help="Who made it, PEM.")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy guards the addresses.")] = False,
    node: Node = "127.0.0.1",
    ray_port: Annotated[int, typer.Option("--ray-port", help="Where machines join.")] = 6379,
    token: Token = None,
    address: Annotated[str, typer.Option("--address", help="A cluster of Ray that runs, in place of one here.")] = "",
) -> None:
    """Start a fleet and serve until stopped; other machines come with `fluoropose fleet join`.

    Example: fluoropose fleet start --cases /cases --workers 3 --sessions 16
    """
    with plain_errors():
        cluster, door = part("cluster"), part("door")
        from fluoropose.fleet.plan import FleetPlan, WorkerShare, port_range
        from fluoropose.transports.serve_plan import ServePlan

        settings = Settings()
        share = WorkerShare(cpus, gpus, sessions, budget_mb, device or settings.device, settings.threads)
        place = cases if "://" in cases else str(Path(cases).resolve())
        # Ray's processes run in folders of their own.
        held, private, chain, maker = (
            None if path is None else path.resolve() for path in (keys or settings.keys, tls_key, tls_cert, authority)
        )
        plan = FleetPlan(
            place, (models or settings.models_root()).resolve(), settings.cache.resolve(), host, port, grpc_port, share,
            workers, max(workers, most_workers), doors, port_range(ports), advertise, held, private,
            chain, maker, behind_proxy, case_idle_s,
        )  # fmt: skip
        ServePlan(
            Path(), plan.models, host, keys=held, tls_key=private, tls_chain=chain, behind_proxy=behind_proxy
        ).require_guarded()
        with cluster.own_or_joined(node, ray_port, token, address) as joined:
            print_dim(f"starting a fleet on Ray at {joined}")
            door.deploy(plan)
            try:
                where = f"{plan.scheme}://{host}:{port}, gRPC {host}:{grpc_port}"
                typer.echo(f"the front door is at {where}; machines join with: fluoropose fleet join {joined}")
                wait_for_end(threading.Event())
            finally:
                door.end_fleet()
