"""`fluoropose evaluate objects`: several objects that overlap in one frame."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, prepare_shipped_cases, write_figures
from fluoropose.cli.options import Device, Json, Out, Plots, Seed, SidePx, Threads
from fluoropose.cli.settings import Settings

__all__ = ["objects"]

_SETS = ["plate+probe", "plate+plate", "knee+plate", "knee+plate+probe+plate"]


def objects(
    sets: Annotated[
        list[str] | None, typer.Argument(help="Shipped objects in one frame, as plate+probe; any may come twice.")
    ] = None,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Simulated frames of each set.")] = 10,
    starts: Annotated[int, typer.Option("--starts", min=1, help="Trials, going round the frames.")] = 40,
    side_px: SidePx = 512,
    seed: Seed = 0,
    out: Out = None,
    plots: Plots = False,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure objects that overlap in one frame, registered together and each in the frame as it is.

    Example: fluoropose evaluate objects plate+probe knee+plate+probe+plate --starts 40 --json objects.json
    """
    with plain_errors():
        from fluoropose.cli.tables.overlapping_objects import overlap_table
        from fluoropose.evaluation.overlapping_objects import OverlapPlan, evaluate_overlapping_objects
        from fluoropose.evaluation.plots.several import overlap_plotter

        draw = overlap_plotter() if plots else None
        plan = OverlapPlan(tuple(tuple(each.split("+")) for each in sets or _SETS), frames, starts, seed, side_px)
        place = out or Path("evaluation") / "objects"
        figures = evaluate_overlapping_objects(
            prepare_shipped_cases(), Settings().models_root(), plan, place, here(device, threads)
        )
        console.print(overlap_table(figures))
        if draw is not None:
            draw(place, figures)
        console.print(f"trials, figures and pictures: {place}")
        write_figures(json_file, figures)
