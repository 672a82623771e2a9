"""`fluoropose bench turn`: a shipped object that turns fast, tracked at the rate of its frames."""

from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import Device, Json, ObjectName, Seed, Threads

__all__ = ["turn"]


def turn(
    object_name: ObjectName = "plate",
    degrees: Annotated[float, typer.Option("--degrees", min=1, max=180, help="The whole turn.")] = 120.0,
    speed: Annotated[float, typer.Option("--deg-per-s", min=1, help="Degrees per second.")] = 60.0,
    fps: Annotated[float, typer.Option("--fps", min=1, help="Frames per second.")] = 30.0,
    seed: Seed = 0,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Track an object that turns: how many frames are lost or late, and what the views of all sides take.

    Example: fluoropose bench turn --object plate --json turn.json
    """
    with plain_errors():
        from fluoropose.cli.bench.resident import add_object, open_cache
        from fluoropose.evaluation.turning import TurnPlan, measure_turn

        environment = here(device, threads)
        resident = add_object(open_cache(environment, False), object_name)
        figures = measure_turn(resident, TurnPlan(degrees, speed, fps, seed=seed), environment)
        console.print_json(data=figures)
        write_figures(json_file, figures)
