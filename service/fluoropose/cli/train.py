"""`fluoropose train`: from a case to a model."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, print_dim
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.interrupts import interruptible, waiting_interrupt
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
    with plain_errors(lambda: _interrupted(out)):
        from fluoropose.cli.tables.accuracy import facts_table
        from fluoropose.evaluation.published.training.bundle import PublishedTrainPlan, train_published
        from fluoropose.evaluation.trained_bundle import train_bundle
        from fluoropose.io.cases import load_case

        with waiting_interrupt(print_dim) as check:
            environment = here(cores=cores)
            environment = replace(environment, progress=interruptible(environment.progress, check))
            if profile == "paper":
                train_published(load_case(case), out, PublishedTrainPlan(seed=seed), environment)
                console.print(f"model as published written to {out}")
                return
            facts = train_bundle(load_case(case), out, profile, seed, environment)
        console.print(f"model written to {out}")
        console.print(facts_table({"measured": facts}))
        write_figures(json_file, facts)


def _interrupted(out: Path) -> str:
    """Return what an interrupted training says of what is kept."""
    from fluoropose.evaluation.trained_bundle import checkpoint_folder

    kept = checkpoint_folder(out)
    if any(kept.glob("**/*.pt")):
        return f"interrupted: the checkpoint in {kept} is kept; the same command goes on from it"
    return "interrupted before the first checkpoint: the same command begins again"
