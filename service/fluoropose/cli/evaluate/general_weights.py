"""`fluoropose evaluate general-weights`: make the weights that every training starts from."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here
from fluoropose.cli.options import Cores

__all__ = ["general_weights"]


def general_weights(
    out: Annotated[Path, typer.Option("--out", help="The folder of the weights, models/generic in a checkout.")],
    stage: Annotated[str, typer.Option("--stage", help="coarse or fine.")],
    subjects: Annotated[int, typer.Option("--subjects", min=1, help="Random objects.")] = 100,
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="Of each object.")] = 120,
    iterations: Annotated[int, typer.Option("--iterations", min=1, help="Of the training.")] = 3500,
    seed: Annotated[int, typer.Option("--seed", help="Of the objects.")] = 77,
    go_on: Annotated[bool, typer.Option("--go-on", help="Start from the stage's weights in --out.")] = False,
    cores: Cores = 0,
) -> None:
    """Train one stage on random objects only; started again, it goes on where it was.

    The shipped weights were made by three calls: the fine stage; the coarse stage; the coarse stage again on other
    objects, from the weights that are there.

    Example: fluoropose evaluate general-weights --out models/generic --stage fine --subjects 100 --iterations 3500

    Example: fluoropose evaluate general-weights --out models/generic --stage coarse --subjects 250 --pictures 80
    --iterations 6000

    Example: fluoropose evaluate general-weights --out models/generic --stage coarse --subjects 250 --pictures 80
    --iterations 12000 --seed 78 --go-on
    """
    with plain_errors():
        from fluoropose.evaluation.extras import require_extra

        with require_extra("train"):
            from fluoropose.evaluation.general_weights import GeneralWeightsPlan, train_general_weights
        plan = GeneralWeightsPlan(stage, subjects, pictures, iterations, seed, go_on)
        train_general_weights(out, plan, here(cores=cores))
        console.print(f"weights of the stage {stage} written to {out}")
