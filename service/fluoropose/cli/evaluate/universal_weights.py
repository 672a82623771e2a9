"""`fluoropose evaluate universal-weights`: train the networks that every case takes."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here
from fluoropose.cli.options import Cores

__all__ = ["universal_weights"]


def universal_weights(
    out: Annotated[Path, typer.Option("--out", help="The folder of the weights, models/universal in a checkout.")],
    stage: Annotated[str, typer.Option("--stage", help="coarse or fine.")],
    iterations: Annotated[int, typer.Option("--iterations", min=1, help="Of the training.")] = 8000,
    seed: Annotated[int, typer.Option("--seed", help="Of the objects.")] = 1,
    start: Annotated[Path | None, typer.Option("--start", help="A folder of weights to start from.")] = None,
    cores: Cores = 0,
) -> None:
    """Train one universal network on random objects, alone and in bodies; started again, it goes on where it was.

    Example: fluoropose evaluate universal-weights --out models/universal --stage coarse
    """
    with plain_errors():
        from fluoropose.evaluation.extras import require_extra

        with require_extra("train"):
            from fluoropose.evaluation.universal.weights import UniversalWeightsPlan, train_universal_weights
        train_universal_weights(out, UniversalWeightsPlan(stage, iterations, seed, start), here(cores=cores))
        console.print(f"weights of the stage {stage} written to {out}")
