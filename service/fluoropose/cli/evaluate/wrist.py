"""`fluoropose evaluate real wrist`: the radius in real biplane X-ray video."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here

__all__ = ["WristStep", "wrist"]


class WristStep(StrEnum):
    """The steps of the study, in the order in which they need each other."""

    SEARCH = "search"
    PREPARE = "prepare"
    MEASURE = "measure"
    PAIRS = "pairs"
    CAREFUL = "careful"


def wrist(
    step: Annotated[WristStep, typer.Argument(help="What to do, in this order; each step needs those before it.")],
    out: Annotated[Path, typer.Option("--out", help="Where the steps keep everything.")],
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the wrist data (search).")] = None,
    profile: Annotated[str, typer.Option("--profile", help="Training, as for `train` (prepare).")] = "quick",
    methods: Annotated[str, typer.Option("--methods", help="As for `evaluate methods` (measure).")] = "ours",
    spread: Annotated[str, typer.Option("--spread", help="Multiples of the paper's start errors (measure).")] = "1",
    starts: Annotated[int, typer.Option("--starts", min=1, help="Registrations, or starts of careful searches.")] = 25,
    slow_starts: Annotated[int, typer.Option("--slow-starts", min=1, help="The same for methods of seconds.")] = 25,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads of networks and training.")] = 2,
    quick: Annotated[
        bool, typer.Option("--quick", help="Smallest budgets, only to see that search and measure run.")
    ] = False,
) -> None:
    """Measure registration against a biplane reference on the wrist sample of Autoscoper, which is not shipped.

    search finds the reference pose per frame in minutes; prepare makes a case and trains a model per camera; measure
    registers from the paper's starts; pairs registers both views together; careful tells where slow searches end
    that start where ours ended. Starts are added to those that --out has.

    Example: fluoropose evaluate real wrist search --data WRIST --out wrist

    Example: fluoropose evaluate real wrist measure --out wrist --methods ours,powell-mi-gc,features --starts 100
    """
    with plain_errors():
        from fluoropose.errors import InputError

        environment = here("cpu", threads, threads)
        if step is WristStep.SEARCH:
            from fluoropose.evaluation.studies.wrist.reference import FULL_BUDGET, QUICK_BUDGET, find_references

            if data is None:
                raise InputError("expected --data with the step search, got none")
            find_references(data, out, environment, QUICK_BUDGET if quick else FULL_BUDGET)
        elif step is WristStep.PREPARE:
            from fluoropose.evaluation.studies.wrist.cases import prepare_cases

            prepare_cases(out, profile, environment)
        elif step is WristStep.MEASURE:
            from fluoropose.cli.parsing import parse_numbers
            from fluoropose.evaluation.methods.table import choose_methods
            from fluoropose.evaluation.studies.wrist.single_view import SingleViewPlan, measure_single_views

            spreads = parse_numbers(spread, "--spread")
            plan = SingleViewPlan(choose_methods(methods), spreads, starts, slow_starts, ceilings=not quick)
            measure_single_views(out, plan, environment)
        elif step is WristStep.PAIRS:
            from fluoropose.evaluation.studies.wrist.pairs import measure_pairs

            measure_pairs(out, starts, environment)
        else:
            from fluoropose.evaluation.studies.wrist.ceilings import search_carefully

            search_carefully(out, starts, environment)
        console.print(f"{step} is done: {out}")
