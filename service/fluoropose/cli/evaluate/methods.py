"""`fluoropose evaluate methods`: the protocol of the paper, against the baselines."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here
from fluoropose.cli.options import CaseNames, Device, Json, Model, Plots, Seed

__all__ = ["methods"]


def methods(
    cases: CaseNames,
    model: Model = None,
    names: Annotated[str, typer.Option("--methods", help="Names with commas, or all.")] = "ours",
    starts: Annotated[int, typer.Option("--starts", min=1, help="Registrations, from the paper's starts.")] = 200,
    slow_starts: Annotated[int, typer.Option("--slow-starts", min=1, help="The same for methods of seconds.")] = 60,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Simulated frames that the starts go round.")] = 50,
    seed: Seed = 0,
    starts_file: Annotated[
        Path | None, typer.Option("--starts-file", help="JSON: a list of six offsets each, mm and degrees.")
    ] = None,
    spread: Annotated[str, typer.Option("--spread", help="Multiples of the paper's start errors.")] = "1",
    sweeps: Annotated[str, typer.Option("--sweeps", help="Also ours with so many sweeps, as 1,3,9.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Trials side by side; more than 1 disturbs times.")] = 1,
    again: Annotated[str, typer.Option("--again", help="Methods to forget and measure again.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Trials and figures, a folder per case; evaluation/seedS-framesF.")
    ] = None,
    plots: Plots = False,
    device: Device = "",
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="Threads of a trial, networks' and DRRs'; 0: as set, else 1.")
    ] = 0,
    json_file: Json = None,
) -> None:
    """Measure methods on frames of the independent simulator; started again, it goes on where it was.

    Example: fluoropose evaluate methods knee plate --methods ours,powell-mi-gc,features --starts 500 --json both.json
    """
    with plain_errors():
        from fluoropose.cli.evaluate.case_figures import find_cases, write_case_figures
        from fluoropose.cli.parsing import parse_spreads
        from fluoropose.cli.tables.methods import evaluation_tables
        from fluoropose.errors import InputError
        from fluoropose.evaluation.comparison import EvaluationPlan, evaluate_case
        from fluoropose.evaluation.methods.table import choose_methods
        from fluoropose.evaluation.plots.methods import plotter
        from fluoropose.evaluation.trial_files import read_offsets

        draw = plotter() if plots else None
        chosen = choose_methods(names, sweeps)
        again_names = choose_methods(again) if again else ()
        if not set(again_names) <= set(chosen):
            raise InputError(f"expected --again among the methods {', '.join(chosen)}, got {again}")
        offsets = None if starts_file is None else read_offsets(starts_file)
        spreads = parse_spreads(spread, offsets is not None)
        plan = EvaluationPlan(chosen, starts, slow_starts, frames, seed, spreads, offsets, jobs, again_names)
        root, figures = out or Path("evaluation") / f"seed{seed}-frames{frames}", {}
        for folder, networks in find_cases(cases, model):
            place = root / folder.name
            figures[folder.name] = evaluate_case(folder, networks, plan, place, here(device, threads))
            for table in evaluation_tables(folder.name, figures[folder.name]):
                console.print(table)
            if draw is not None:
                draw(place, folder.name, figures[folder.name])
            console.print(f"trials and figures: {place}")
        write_case_figures(json_file, figures)
