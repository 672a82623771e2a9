"""`fluoropose evaluate universal`: the universal networks on objects that no training saw."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, print_dim
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import Cores, Json, Out, Plots, Seed

__all__ = ["universal"]


def universal(
    data: Annotated[Path | None, typer.Option("--data", help="The folder of real data sets; without: none.")] = None,
    only: Annotated[str, typer.Option("--only", help="Names of objects, separated by commas.")] = "",
    starts: Annotated[int, typer.Option("--starts", min=1, help="Of each object.")] = 200,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Simulated frames that the starts go round.")] = 20,
    seed: Seed = 0,
    out: Out = None,
    plots: Plots = False,
    cores: Cores = 0,
    json_file: Json = None,
) -> None:
    """Register objects that no training saw, untrained: those that ship, ten others, and those of real data.

    Example: fluoropose evaluate universal --starts 200 --out docs/measured/universal --plots
    """
    with plain_errors():
        from fluoropose.cli.tables.universal import universal_table
        from fluoropose.evaluation.universal.run import UniversalRun, measure_objects

        plan = UniversalRun(data, tuple(name for name in only.split(",") if name), frames, starts, seed)
        figures = measure_objects(plan, here(cores=cores), print_dim)
        console.print(universal_table(figures))
        write_figures(json_file, figures)
        if out is not None:
            write_figures(out / "figures.json", figures)
        if plots and out is not None:
            from fluoropose.evaluation.plots.universal import universal_plotter

            universal_plotter()(out / "success.png", figures)
