"""`fluoropose train`: from a case to a model."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import CaseFolder, Cores, Json, Seed

__all__ = ["train"]

_PROFILES = "instant, minute, five-minutes, quick, full, tiny; or paper: PEHL as published, see `evaluate published`."


def train(
    case: CaseFolder,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.")],
    profile: Annotated[str, typer.Option("--profile", help=_PROFILES)] = "quick",
    seed: Seed = 0,
    cores: Cores = 0,
    json_file: Json = None,
) -> None:
    """Train the regressors of a case and export them to ONNX; started again, it goes on where it was.

    Example: fluoropose train cases/hip --out models/hip --profile quick
    """
    with plain_errors():
        from fluoropose.cli.tables.accuracy import facts_table
        from fluoropose.evaluation.published.training.bundle import PublishedTrainPlan, train_published
        from fluoropose.evaluation.trained_bundle import train_bundle
        from fluoropose.io.cases import load_case

        environment = here(cores=cores)
        if profile == "paper":
            train_published(load_case(case), out, PublishedTrainPlan(seed=seed), environment)
            console.print(f"model as published written to {out}")
            return
        facts = train_bundle(load_case(case), out, profile, seed, environment)
        console.print(f"model written to {out}")
        console.print(facts_table({"measured": facts}))
        write_figures(json_file, facts)
