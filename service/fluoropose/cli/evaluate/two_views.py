"""`fluoropose evaluate two-views`: what a second calibrated view is worth, measured on simulated pairs."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here
from fluoropose.cli.options import CaseNames, Device, Json, Model, Plots, Seed, Threads

__all__ = ["two_views"]


def two_views(
    cases: CaseNames,
    model: Model = None,
    angles: Annotated[str, typer.Option("--angles", help="Degrees between the two views.")] = "30,60,90",
    calibration: Annotated[
        str, typer.Option("--calibration", help="Errors of the second camera's place, mm and degrees.")
    ] = "0,0.2,0.5",
    faults: Annotated[
        str, typer.Option("--faults", help="empty-first, empty-second, wrong-second, missing-second; or none.")
    ] = "empty-first,empty-second,wrong-second,missing-second",
    starts: Annotated[
        int, typer.Option("--starts", min=1, help="Registrations per row, from the paper's starts.")
    ] = 100,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Simulated instants that the starts go round.")] = 20,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", help="Trials and figures, a folder per case.")] = Path(
        "evaluation-views"
    ),
    plots: Plots = False,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure two views together against one alone, on the same simulated trials.

    Example: fluoropose evaluate two-views plate knee --angles 30,60,90 --starts 100 --plots --json views.json
    """
    with plain_errors():
        from fluoropose.cli.evaluate.case_figures import find_cases, write_case_figures
        from fluoropose.cli.parsing import parse_numbers
        from fluoropose.cli.tables.two_views import views_table
        from fluoropose.evaluation.plots.methods import views_plotter
        from fluoropose.evaluation.two_views import PairPlan, evaluate_pairs

        draw = views_plotter() if plots else None
        plan = PairPlan(
            parse_numbers(angles, "--angles"), parse_numbers(calibration, "--calibration"),
            tuple(name.strip() for name in faults.split(",") if name.strip()), starts, frames, seed,
        )  # fmt: skip
        figures = {}
        for folder, networks in find_cases(cases, model):
            place = out / folder.name
            figures[folder.name] = evaluate_pairs(folder, networks, plan, place, here(device, threads))
            console.print(views_table(folder.name, figures[folder.name]))
            if draw is not None:
                draw(place, folder.name, figures[folder.name])
            console.print(f"trials and figures: {place}")
        write_case_figures(json_file, figures)
