"""`fluoropose paper ...`: PEHL as published, beside ours. Train a zone, measure it, print Table II."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="PEHL as published: zones, local residuals, three groups, small networks.")

Case = Annotated[str, typer.Argument(help="A prepared case's folder; or knee, plate, probe.")]
Models = Annotated[list[Path], typer.Option("--model", help="A paper model's folder; may be given several times.")]
Comparisons = Annotated[str, typer.Option("--comparison", help="exact, atlas, or both with a comma.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]


@app.command()
def train(
    case: Case,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.")],
    zone: Annotated[list[str] | None, typer.Option("--zone", help="ROW,COLUMN; may be given several times.")] = None,
    variant: Annotated[str, typer.Option("--variant", help="paper, no-cnn, no-lir, no-hpr or no-psp.")] = "paper",
    comparison: Annotated[str, typer.Option("--comparison", help="exact or atlas.")] = "exact",
    iterations: Annotated[int, typer.Option("--iterations", min=1, help="Per network; the paper has 12500.")] = 12_500,
    pool: Annotated[int, typer.Option("--pool", min=1, help="Pairs rendered per group; the paper has 25000.")] = 25_000,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    cores: Annotated[int, typer.Option("--cores", min=0, help="Cores to use; 0 takes those there are.")] = 0,
) -> None:
    """Train the zones of a case; started again, it goes on where it was.

    Example: fluoropose paper train probe --zone 0,0 --iterations 500 --pool 2000 --out models/paper-probe
    """
    with plain_errors():
        from fluoropose.cli.settings import available_cores
        from fluoropose.evaluation.published.training.command import TrainPlan, train_paper

        plan = TrainPlan(
            tuple(zone or ["0,0"]), variant, comparison, iterations, pool, seed, cores or available_cores()
        )
        train_paper(_case(case), out, plan)


@app.command()
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
    """Measure paper models on the independent simulator, poses and starts within the first model's first zone.

    Example: fluoropose paper measure probe --model models/paper-probe --comparison exact,atlas
    """
    with plain_errors():
        from fluoropose.evaluation.published.measurement import MeasurePlan, measure_paper, sweeps_table
        from fluoropose.io.files import write_json

        plan = MeasurePlan(_numbers(seeds), _numbers(sweeps), tuple(comparison.split(",")), starts, frames)
        figures = measure_paper(_case(case), model, plan)
        console.print(sweeps_table(figures))
        if json_file is not None:
            write_json(json_file, figures)


@app.command()
def table2(
    case: Case,
    model: Models,
    comparison: Comparisons = "exact",
    count: Annotated[int, typer.Option("--count", min=2, help="Held-out pictures of training type.")] = 200,
    sweeps: Annotated[int, typer.Option("--sweeps", min=1)] = 3,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    json_file: Json = None,
) -> None:
    """Print the RMSE of each parameter on held-out training-type data, beside the paper's Table II.

    Example: fluoropose paper table2 probe --model models/paper-probe
    """
    with plain_errors():
        from fluoropose.evaluation.published.measurement import rmse_per_parameter, rmse_table
        from fluoropose.io.files import write_json

        figures = rmse_per_parameter(_case(case), model, comparison.split(","), count, sweeps, seed)
        console.print(rmse_table(figures))
        if json_file is not None:
            write_json(json_file, figures)


def _case(name: str) -> Any:
    from fluoropose.cli.operate import shipped_cases
    from fluoropose.cli.settings import Settings
    from fluoropose.io.cases import load_case
    from fluoropose.objects.catalogue import OBJECTS

    shipped = name in OBJECTS and not Path(name).exists()
    return load_case(shipped_cases(Settings()) / name if shipped else Path(name))


def _numbers(text: str) -> tuple[int, ...]:
    from fluoropose.errors import InputError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"expected whole numbers with commas, got {text!r}") from error
