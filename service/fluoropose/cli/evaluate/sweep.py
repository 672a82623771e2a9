"""`fluoropose evaluate sweep`: what a window of frames is worth while a C-arm turns or stands."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, prepare_shipped_cases
from fluoropose.cli.options import Device, Json, Out, Plots, Seed, SidePx, Threads
from fluoropose.cli.settings import Settings

__all__ = ["sweep"]


def sweep(
    objects: Annotated[list[str], typer.Argument(help="Shipped objects: knee, plate, probe.")],
    spans: Annotated[str, typer.Option("--spans", help="Degrees that the C-arm turns; 0 is at rest.")] = "0,10,30,60",
    runs: Annotated[int, typer.Option("--runs", min=1, help="Sweeps, each past another scene.")] = 5,
    frames: Annotated[int, typer.Option("--frames", min=3, help="Of the widest sweep.")] = 31,
    fps: Annotated[float, typer.Option("--fps", min=0.1, help="Frames per second.")] = 15.0,
    moving: Annotated[bool, typer.Option("--moving", help="Also with an object that moves meanwhile.")] = False,
    side_px: SidePx = 512,
    seed: Seed = 0,
    out: Out = None,
    plots: Plots = False,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure depth over a window of frames while a C-arm turns, or stands, against each frame alone.

    Example: fluoropose evaluate sweep plate probe --spans 0,10,30,60 --runs 5 --plots --json sweeps.json
    """
    with plain_errors():
        from fluoropose.cli.evaluate.case_figures import write_case_figures
        from fluoropose.cli.parsing import parse_numbers
        from fluoropose.cli.tables.sweeps import sweep_table
        from fluoropose.evaluation.plots.several import sweep_plotter
        from fluoropose.evaluation.sweeps import SweepPlan, evaluate_sweeps
        from fluoropose.io.bundles import find_bundle_folder
        from fluoropose.io.cases import load_case
        from fluoropose.objects.catalogue import shipped_object

        draw = sweep_plotter() if plots else None
        chosen_spans = tuple(dict.fromkeys(parse_numbers(spans, "--spans")))
        plan = SweepPlan(chosen_spans, runs, frames, fps, seed, moving, side_px)
        root, models, figures = out or Path("evaluation") / "sweeps", Settings().models_root(), {}
        for name in [shipped_object(name).name for name in objects]:
            case = prepare_shipped_cases() / name
            model = find_bundle_folder(models, load_case(case))
            figures[name] = evaluate_sweeps(case, model, plan, root / name, here(device, threads))
            console.print(sweep_table(name, figures[name]))
            if draw is not None:
                draw(root / name, name, figures[name])
            console.print(f"frames and figures: {root / name}")
        write_case_figures(json_file, figures)
