"""`evaluate-views`: what a second calibrated view is worth, measured on simulated pairs."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.settings import Settings, available_cores

__all__ = ["views_app"]

views_app = typer.Typer()


@views_app.command("evaluate-views")
def evaluate_views(
    cases: Annotated[list[str], typer.Argument(help="Prepared cases' folders; or knee, plate, probe.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="The model's folder; that of the case's name if not given.")
    ] = None,
    angles: Annotated[str, typer.Option("--angles", help="Degrees between the two views.")] = "30,60,90",
    calibration: Annotated[
        str, typer.Option("--calibration", help="Errors of the second camera's place, mm and degrees.")
    ] = "0,0.2,0.5",
    faults: Annotated[
        str, typer.Option("--faults", help="empty-first, empty-second, wrong-second, missing-second; or none.")
    ] = "empty-first,empty-second,wrong-second,missing-second",
    starts: Annotated[
        int, typer.Option("--starts", min=1, help="Registrations per row, from the paper's starts.")
    ] = 100,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Simulated instants that the starts go round.")] = 20,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Trials and figures, a folder per case.")] = Path(
        "evaluation-views"
    ),
    plots: Annotated[bool, typer.Option("--plots", help="Draw plots (extra: evaluate).")] = False,
    device: Annotated[str, typer.Option("--device")] = "",
    threads: Annotated[int, typer.Option("--threads", min=0, help="ONNX Runtime's CPU threads; 0: as set.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Measure two views together against one alone, on the same simulated trials.

    Example: fluoropose evaluate-views plate knee --angles 30,60,90 --starts 100 --plots --json views.json
    """
    with plain_errors():
        from fluoropose.cli.operate import shipped_cases
        from fluoropose.cli.tables import views_table
        from fluoropose.evaluation.plots.methods import views_plotter
        from fluoropose.evaluation.two_views import PairPlan, evaluate_pairs
        from fluoropose.io.files import write_json
        from fluoropose.objects.catalogue import OBJECTS

        settings = Settings()
        draw = views_plotter() if plots else None
        plan = PairPlan(
            _numbers(angles, "--angles"), _numbers(calibration, "--calibration"),
            tuple(name.strip() for name in faults.split(",") if name.strip()), starts, frames, seed,
        )  # fmt: skip
        figures = {}
        for case in cases:
            shipped = case in OBJECTS and not Path(case).exists()
            folder = shipped_cases(settings) / case if shipped else Path(case).resolve()
            figures[folder.name] = evaluate_pairs(
                folder, model or settings.models_root() / folder.name, plan, out / folder.name,
                device=device or settings.device, threads=threads or settings.threads, cores=available_cores(),
            )  # fmt: skip
            console.print(views_table(folder.name, figures[folder.name]))
            if draw is not None:
                draw(out / folder.name, folder.name, figures[folder.name])
            console.print(f"trials and figures: {out / folder.name}")
        if json_file is not None:
            write_json(json_file, next(iter(figures.values())) if len(figures) == 1 else figures)


def _numbers(text: str, option: str) -> tuple[float, ...]:
    from fluoropose.errors import InputError

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"expected numbers with commas for {option}, got {text!r}") from error
