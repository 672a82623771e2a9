"""The command that measures methods beside ours: evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.operate import shipped_cases
from fluoropose.cli.settings import Settings, available_cores

__all__ = ["evaluate_app"]

evaluate_app = typer.Typer()

Threads = Annotated[
    int, typer.Option("--threads", min=0, help="Threads of a trial, networks' and DRRs'; 0: as set, else 1.")
]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]


@evaluate_app.command()
def evaluate(
    cases: Annotated[list[str], typer.Argument(help="Prepared cases' folders; or knee, plate, probe.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="The model's folder; that of the case's name if not given.")
    ] = None,
    methods: Annotated[str, typer.Option("--methods", help="Names with commas, or all.")] = "ours",
    starts: Annotated[int, typer.Option("--starts", min=1, help="Registrations, from the paper's starts.")] = 200,
    slow_starts: Annotated[int, typer.Option("--slow-starts", min=1, help="The same for methods of seconds.")] = 60,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Simulated frames that the starts go round.")] = 50,
    seed: Annotated[int, typer.Option("--seed")] = 0,
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
    plots: Annotated[bool, typer.Option("--plots", help="Draw plots (extra: evaluate).")] = False,
    device: Annotated[str, typer.Option("--device")] = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure methods on frames of the independent simulator; started again, it goes on where it was.

    Example: fluoropose evaluate knee plate --methods ours,powell-mi-gc,features --starts 500 --plots --json both.json
    """
    with plain_errors():
        from fluoropose.cli.tables import evaluation_tables
        from fluoropose.errors import InputError
        from fluoropose.evaluation.comparison import EvaluationPlan, evaluate_case
        from fluoropose.evaluation.methods import chosen_methods
        from fluoropose.evaluation.plots.methods import plotter
        from fluoropose.evaluation.trial_files import read_offsets
        from fluoropose.io.files import write_json
        from fluoropose.objects.catalogue import OBJECTS

        settings = Settings()
        draw = plotter() if plots else None
        names = chosen_methods(methods, sweeps)
        again_names = chosen_methods(again, "") if again else ()
        if not set(again_names) <= set(names):
            raise InputError(f"expected --again among the methods {', '.join(names)}, got {again}")
        offsets = None if starts_file is None else read_offsets(starts_file)
        plan = EvaluationPlan(
            names, starts, slow_starts, frames, seed, _spreads(spread, offsets is not None), offsets, jobs, again_names
        )
        figures = {}
        for case in cases:
            shipped = case in OBJECTS and not Path(case).exists()
            folder = shipped_cases(settings) / case if shipped else Path(case).resolve()
            if folder.name in figures:
                raise InputError(f"expected cases of different names, got {folder.name} twice")
            place = (out or Path("evaluation") / f"seed{seed}-frames{frames}") / folder.name
            figures[folder.name] = evaluate_case(
                folder, model or settings.models_root() / folder.name, plan, place,
                device=device or settings.device, threads=threads or settings.threads, cores=available_cores(),
            )  # fmt: skip
            for table in evaluation_tables(folder.name, figures[folder.name]):
                console.print(table)
            if draw is not None:
                draw(place, folder.name, figures[folder.name])
            console.print(f"trials and figures: {place}")
        if json_file is not None:
            write_json(json_file, next(iter(figures.values())) if len(figures) == 1 else figures)


def _spreads(text: str, from_file: bool) -> tuple[float, ...]:
    from fluoropose.errors import InputError

    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or found[0] != 1.0 or not all(1.0 < value <= 10.0 for value in found[1:]):
        raise InputError(f"expected --spread as 1, or 1 and larger numbers up to 10 such as 1,2,3; got {text!r}")
    if from_file and found != (1.0,):
        raise InputError(f"expected no --spread beside --starts-file, got {text!r}")
    return found
