"""`fluoropose serve`: the service."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import plain_errors
from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.cli.options import CudaGraphs, Threads
from fluoropose.cli.settings import Settings

__all__ = ["serve"]


def serve(
    cases: Annotated[
        str, typer.Option("--cases", help="Folder of cases, or s3://...; the shipped objects if not given.")
    ] = "",
    models: Annotated[
        Path | None, typer.Option("--models", help="Folder of models; the shipped ones if not given.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address that is listened on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="HTTP and WebSocket.")] = 8000,
    grpc_port: Annotated[int, typer.Option("--grpc-port", help="gRPC; -1 for none.")] = 8001,
    metrics_port: Annotated[int, typer.Option("--metrics-port", help="Scrapes on loopback; -1 for none.")] = -1,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda; cuda fails rather than fall back.")] = "",
    threads: Threads = 0,
    cuda_graphs: CudaGraphs = False,
    renderer: Annotated[str, typer.Option("--renderer", help="Where views are rendered: auto, cpu or cuda.")] = "",
    budget_mb: Annotated[float | None, typer.Option("--budget-mb", help="Most bytes of resident cases.")] = None,
    keys: Annotated[Path | None, typer.Option("--keys", help="File of API keys; see `fluoropose keys`.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="The server's private key, PEM.")] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Its certificate chain, PEM.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option("--tls-client-ca", help="Clients must have a certificate of this authority, PEM.")
    ] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy guards this address.")] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="A name that the service is called by; may be repeated.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option("--allow-origin", help="A web page's origin that may call; may be repeated.")
    ] = None,
    max_sessions: Annotated[int, typer.Option("--max-sessions", min=1, help="Open at once.")] = 256,
    console: Annotated[
        bool | None, typer.Option("--console/--no-console", help="The page at /; on loopback it is on if not given.")
    ] = None,
    grace_s: Annotated[float, typer.Option("--grace-s", help="For frames in flight at the end.")] = 10.0,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Take and delete no cases; others may write the folder.")
    ] = False,
    prepare_mb: Annotated[
        float, typer.Option("--prepare-mb", help="Most megabytes of address space to prepare one case.")
    ] = 8590.0,
    prepare_s: Annotated[float, typer.Option("--prepare-s", help="Most seconds to prepare one case.")] = 300.0,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
    ping_s: Annotated[
        float, typer.Option("--ping-s", min=0.1, help="Between pings over WebSocket; silent for two more, it is ended.")
    ] = 5.0,
    record_dir: Annotated[
        Path | None, typer.Option("--record-dir", help="Record every session here (extra: record); see `replay`.")
    ] = None,
    traces: Annotated[
        str, typer.Option("--traces", help="Send traces here (extra: otel), as http://127.0.0.1:4318/v1/traces.")
    ] = "",
) -> None:
    """Serve the cases until stopped.

    Example: fluoropose serve --cases cases --models models
    """
    with plain_errors():
        from fluoropose.io.remote_cases import cache_name, is_remote
        from fluoropose.serving.preparation_worker import PreparationLimits
        from fluoropose.transports.serve_plan import worker_plan
        from fluoropose.transports.server import ServePlan, run_server

        settings = Settings()
        remote = cases if is_remote(cases) else ""
        folder = settings.cache / "remote" / cache_name(cases) if remote else Path(cases) if cases else None
        run_server(
            ServePlan(
                folder or prepare_shipped_cases(), models or settings.models_root(), host, port, grpc_port,
                metrics_port, device or settings.device, threads or settings.threads,
                cuda_graphs or settings.cuda_graphs, None if budget_mb is None else int(1e6 * budget_mb),
                keys or settings.keys, tls_key, tls_cert, tls_client_ca, behind_proxy, grace_s, log_level,
                ping_s,
                read_only, PreparationLimits(int(1e6 * prepare_mb), cpu_s=prepare_s, wall_s=prepare_s),
                renderer or settings.renderer,
                tuple(allow_host or settings.allowed("allow_host")),
                tuple(allow_origin or settings.allowed("allow_origin")),
                record_dir=record_dir,
                remote_cases=remote,
                console=console,
                traces=traces or settings.traces,
                max_sessions=max_sessions,
                worker=worker_plan(settings.worker),
            )
        )  # fmt: skip
