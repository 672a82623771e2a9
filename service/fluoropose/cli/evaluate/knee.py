"""`fluoropose evaluate real knee`: a total knee replacement in real biplane X-ray video."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import Json, Seed

__all__ = ["knee"]


def knee(
    data: Annotated[Path, typer.Option("--data", help="Folder that holds knee_implant_biplane and knee_implant_run.")],
    out: Annotated[Path, typer.Option("--out", help="Where figures, plots and pictures go.")],
    frames: Annotated[
        int, typer.Option("--frames", min=1, help="Pairs that are measured, of 27; twice as many tracked.")
    ] = 20,
    starts: Annotated[
        int, typer.Option("--starts", min=1, help="Registrations per frame, from the paper's starts.")
    ] = 5,
    repeats: Annotated[int, typer.Option("--repeats", min=0, help="Starts that the reference is repeated from.")] = 2,
    seed: Seed = 0,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads of networks.")] = 1,
    json_file: Json = None,
) -> None:
    """Measure registration of real knee implants against a biplane reference from the raw edges of both views.

    Example: fluoropose evaluate real knee --data DATA --out knee --frames 20 --starts 5
    """
    with plain_errors():
        from fluoropose.cli.tables.real import answers_table, reference_table
        from fluoropose.evaluation.studies.knee.study import KneePlan, measure_knee

        figures = measure_knee(data, out, KneePlan(frames, starts, repeats, seed), here("cpu", threads, 1))
        console.print(reference_table(figures["reference"]))
        console.print(answers_table("against the reference", figures["answers"]))
        console.print(answers_table("tracked run", figures["run"]))
        write_figures(json_file, figures)
        console.print(f"figures, plots and pictures: {out}")
