"""`fluoropose evaluate published ...`: PEHL as published, beside ours. Train a zone, measure it, print Table II."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import find_case, here, write_figures
from fluoropose.cli.options import Cores, Json, Seed

__all__ = ["published_app"]

published_app = typer.Typer(
    no_args_is_help=True,
    help="PEHL as published: zones, local residuals, three groups, small networks.\n\n"
    "Example: fluoropose evaluate published train probe --out models/published-probe",
)

Case = Annotated[str, typer.Argument(help="A prepared case's folder; or knee, plate, probe.")]
Models = Annotated[list[Path], typer.Option("--model", help="Folder of a model as published; may be given again.")]
Comparisons = Annotated[str, typer.Option("--comparison", help="exact, atlas, or both with a comma.")]


@published_app.command()
def train(
    case: Case,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.")],
    zone: Annotated[list[str] | None, typer.Option("--zone", help="ROW,COLUMN; may be given several times.")] = None,
    variant: Annotated[str, typer.Option("--variant", help="paper, no-cnn, no-lir, no-hpr or no-psp.")] = "paper",
    comparison: Annotated[str, typer.Option("--comparison", help="exact or atlas.")] = "exact",
    iterations: Annotated[int, typer.Option("--iterations", min=1, help="Per network; the paper has 12500.")] = 12_500,
    pool: Annotated[int, typer.Option("--pool", min=1, help="Pairs rendered per group; the paper has 25000.")] = 25_000,
    seed: Seed = 0,
    cores: Cores = 0,
) -> None:
    """Train the zones of a case; started again, it goes on where it was.

    Example: fluoropose evaluate published train probe --iterations 500 --pool 2000 --out models/published-probe
    """
    with plain_errors():
        from fluoropose.evaluation.published.training.bundle import PublishedTrainPlan, train_published
        from fluoropose.io.cases import load_case

        plan = PublishedTrainPlan(tuple(zone or ["0,0"]), variant, comparison, iterations, pool, seed)
        train_published(load_case(find_case(case)), out, plan, here(cores=cores))
        console.print(f"model as published written to {out}")


@published_app.command()
def measure(
    case: Case,
    model: Models,
    comparison: Comparisons = "exact",
    seeds: Annotated[str, typer.Option("--seeds", help="Scenes of the simulator, with commas.")] = "0,1,2",
    starts: Annotated[int, typer.Option("--starts", min=1, help="Registrations per scene.")] = 40,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Frames per scene that the starts go round.")] = 10,
    sweeps: Annotated[str, typer.Option("--sweeps", help="After which sweeps to report.")] = "1,3,9",
    json_file: Json = None,
) -> None:
    """Measure models as published on the independent simulator, within the first model's first zone.

    Example: fluoropose evaluate published measure probe --model models/published-probe --comparison exact,atlas
    """
    with plain_errors():
        from fluoropose.cli.parsing import parse_whole_numbers
        from fluoropose.cli.tables.published import published_table
        from fluoropose.evaluation.published.measurement import MeasurePlan, measure_published
        from fluoropose.io.cases import load_case

        plan = MeasurePlan(
            parse_whole_numbers(seeds, "--seeds"), parse_whole_numbers(sweeps, "--sweeps"),
            tuple(comparison.split(",")), starts, frames,
        )  # fmt: skip
        figures = measure_published(load_case(find_case(case)), model, plan, here())
        console.print(published_table(figures))
        write_figures(json_file, figures)


@published_app.command()
def table2(
    case: Case,
    model: Models,
    comparison: Comparisons = "exact",
    count: Annotated[int, typer.Option("--count", min=2, help="Held-out pictures of training type.")] = 200,
    sweeps: Annotated[int, typer.Option("--sweeps", min=1, help="After which sweep to report.")] = 3,
    seed: Seed = 0,
    json_file: Json = None,
) -> None:
    """Print the RMSE of each parameter on held-out data of training type, beside the paper's Table II.

    Example: fluoropose evaluate published table2 probe --model models/published-probe
    """
    with plain_errors():
        from fluoropose.cli.tables.published import rmse_table
        from fluoropose.evaluation.published.held_out import HeldOutPlan, measure_rmse
        from fluoropose.io.cases import load_case

        plan = HeldOutPlan(count, sweeps, seed)
        figures = measure_rmse(load_case(find_case(case)), model, comparison.split(","), plan, here())
        console.print(rmse_table(figures))
        write_figures(json_file, figures)
