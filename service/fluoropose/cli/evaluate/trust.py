"""`fluoropose evaluate trust`: the stress set, and whether what was said of each frame is true."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import Cores, Json, Plots, Seed

__all__ = ["trust"]


def trust(
    frames: Annotated[int, typer.Option("--frames", min=1, help="In all, shared out among the groups.")] = 300,
    groups: Annotated[str, typer.Option("--groups", help="Groups or families, separated by commas.")] = "",
    seed: Seed = 0,
    data: Annotated[Path | None, typer.Option("--data", help="The folder of real data sets; without: none.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where figures.json and the plots go.")] = None,
    plots: Plots = False,
    records: Annotated[
        Path | None, typer.Option("--records", help="A line of JSON per frame; a run that was stopped goes on there.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="A page whose tables are written anew.")] = None,
    cores: Cores = 0,
    json_file: Json = None,
) -> None:
    """Answer frames that are good, hard, faulty or without the object, and count what was sure and wrong.

    Frames are simulated by two renderers. The n-th frame of a group is the same whatever --frames is.

    Example: fluoropose evaluate trust --frames 300 --out trust --plots --records trust/records.jsonl
    """
    with plain_errors():
        from fluoropose.cli.tables.trust import coverage_table, trust_table
        from fluoropose.evaluation.plots.trust import trust_plotter
        from fluoropose.evaluation.trust.page import write_tables
        from fluoropose.evaluation.trust.run import TrustPlan, evaluate_trust

        draw = trust_plotter() if plots else None
        names = tuple(name.strip() for name in groups.split(",") if name.strip())
        figures = evaluate_trust(TrustPlan(frames, names, seed, data, records), here(cores=cores))
        console.print(trust_table(figures))
        console.print(coverage_table(figures))
        write_figures(json_file, figures)
        place = out or Path("evaluation") / "trust"
        if out is not None or draw is not None:
            write_figures(place / "figures.json", figures)
        if draw is not None:
            draw(place, figures)
        if page is not None:
            write_tables(page, figures)
