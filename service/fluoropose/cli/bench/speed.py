"""`fluoropose bench speed`: renderers and registration on this machine."""

from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import CudaGraphs, Device, Json, ObjectName, Seed, Threads
from fluoropose.cli.settings import Settings

__all__ = ["speed"]


def speed(
    object_name: ObjectName = "plate",
    runs: Annotated[int, typer.Option("--runs", min=1, help="Registrations.")] = 200,
    seed: Seed = 0,
    objects: Annotated[
        bool, typer.Option("--objects", help="Also two and four shipped objects in one frame, beside one.")
    ] = False,
    device: Device = "",
    threads: Threads = 0,
    cuda_graphs: CudaGraphs = False,
    json_file: Json = None,
) -> None:
    """Measure how fast this machine renders and registers.

    Example: fluoropose bench speed --object plate --objects --json speed.json
    """
    with plain_errors():
        from fluoropose.cli.bench.resident import add_object, measure_overlaps, open_cache
        from fluoropose.evaluation.speed import measure_speed

        environment = here(device, threads)
        cache = open_cache(environment, cuda_graphs or Settings().cuda_graphs)
        figures = measure_speed(add_object(cache, object_name), runs, seed, environment)
        figures["cuda_graphs"] = cache.device.graphs
        if objects:
            figures["objects_ms"] = measure_overlaps(cache, runs, seed, environment)
        console.print_json(data=figures)
        write_figures(json_file, figures)
