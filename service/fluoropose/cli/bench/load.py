"""`fluoropose bench load`: a service under an open load."""

from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, prepare_shipped_cases, write_figures
from fluoropose.cli.options import CudaGraphs, Device, GrpcAddress, Json, ObjectName, Seed, Threads
from fluoropose.cli.settings import Settings

__all__ = ["load"]


def load(
    loads: Annotated[
        list[str] | None, typer.Argument(help="TRANSPORT:SESSIONS:FPS, for example ws:1:30; one or more.")
    ] = None,
    load_options: Annotated[list[str] | None, typer.Option("--load", hidden=True, help="As an argument.")] = None,
    object_name: ObjectName = "plate",
    seconds: Annotated[float, typer.Option("--seconds", min=2, help="How long each load lasts.")] = 60.0,
    size: Annotated[int, typer.Option("--size", help="Side of the frames: 256, 512, 1024 or 2048.")] = 512,
    seed: Seed = 0,
    address: Annotated[str, typer.Option("--address", help="Load this service, not one of our own.")] = "",
    grpc_address: GrpcAddress = "127.0.0.1:8001",
    device: Device = "",
    threads: Threads = 0,
    cuda_graphs: CudaGraphs = False,
    json_file: Json = None,
) -> None:
    """Measure a service under load: sessions that send frames at their rate, whatever the answers do.

    Example: fluoropose bench load ws:1:30 grpc:4:30 --json load.json
    """
    with plain_errors():
        from fluoropose.cli.bench.resident import add_object, open_cache
        from fluoropose.cli.tables.load import load_table
        from fluoropose.errors import InputError
        from fluoropose.evaluation.load import LoadPlan, parse_load, run_loads

        settings, environment = Settings(), here(device, threads)
        texts = [*(loads or []), *(load_options or [])]
        if not texts:
            raise InputError("expected a load TRANSPORT:SESSIONS:FPS or more, got none")
        graphs = cuda_graphs or settings.cuda_graphs
        plan = LoadPlan(
            [parse_load(text) for text in texts], seconds, size, seed, prepare_shipped_cases(),
            settings.models_root(), graphs, address, grpc_address,
        )  # fmt: skip
        cache = open_cache(environment, graphs)
        resident = add_object(cache, object_name)
        figures = run_loads(resident, plan, environment, lambda rows: console.print(load_table(rows)))
        figures["cuda_graphs"] = cache.device.graphs
        write_figures(json_file, figures)
