"""`fluoropose bench fleet`: a fleet on this machine, under load and with a worker that is killed."""

from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, print_dim
from fluoropose.cli.environment import here, prepare_shipped_cases, write_figures
from fluoropose.cli.fleet.options import part
from fluoropose.cli.options import Device, Json, ObjectName, Seed
from fluoropose.cli.settings import Settings

__all__ = ["fleet"]

_FRAMES = 60


def fleet(
    object_name: ObjectName = "plate",
    workers: Annotated[int, typer.Option("--workers", min=2, help="On as many nodes of Ray.")] = 3,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="That send frames.")] = 6,
    fps: Annotated[float, typer.Option("--fps", min=0.1, help="Of each session.")] = 10.0,
    seconds: Annotated[float, typer.Option("--seconds", min=2, help="How long each load lasts.")] = 20.0,
    size: Annotated[int, typer.Option("--size", help="Side of the frames in pixels.")] = 512,
    seed: Seed = 0,
    device: Device = "",
    json_file: Json = None,
) -> None:
    """Measure openings, the age of frames beside a single server, and what the sessions of a killed worker see.

    Example: fluoropose bench fleet --workers 3 --json fleet.json
    """
    with plain_errors():
        measurement = part("measurement")
        from fluoropose.cli.bench.resident import add_object, open_cache
        from fluoropose.cli.tables.fleet import fleet_table
        from fluoropose.evaluation.load import load_frames

        environment, settings = here(device), Settings()
        resident = add_object(open_cache(environment, False), object_name)
        sent = load_frames(resident, size, seed, _FRAMES, environment)
        figures = measurement.FleetMeasurement(
            prepare_shipped_cases(), settings.models_root(), sent, workers, sessions, fps, seconds,
            device=environment.device,
        ).run(print_dim)  # fmt: skip
        console.print(fleet_table(figures))
        write_figures(json_file, figures)
