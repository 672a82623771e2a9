"""`fluoropose evaluate real wrist-agreement`: how well the two cameras' answers agree, with no reference."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import write_figures
from fluoropose.cli.options import Json

__all__ = ["wrist_agreement"]


def wrist_agreement(
    data: Annotated[Path, typer.Option("--data", help="Folder of the wrist data.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of `evaluate real wrist`, after its step measure.")],
    json_file: Json = None,
) -> None:
    """Tell how far the single-view answers of the wrist's two cameras are from one pose, medians by frame and method.

    Example: fluoropose evaluate real wrist-agreement --data WRIST --out wrist
    """
    with plain_errors():
        from fluoropose.evaluation.studies.wrist.agreement import measure_agreement

        figures = measure_agreement(data, out)
        for frame, by_method in figures.items():
            for method, facts in by_method.items():
                console.print(f"{frame} {method} { {name: round(value, 2) for name, value in facts.items()} }")
        write_figures(json_file, figures)
