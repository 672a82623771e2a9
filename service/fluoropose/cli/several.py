"""Commands that measure what more frames and more objects make of the numbers: evaluate-sweep, evaluate-objects."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.operate import shipped_cases
from fluoropose.cli.settings import Settings, available_cores

__all__ = ["several_app"]

several_app = typer.Typer()

Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where every trial, figures and pictures go.")]
Plots = Annotated[bool, typer.Option("--plots", help="Draw plots (extra: evaluate).")]
Seed = Annotated[int, typer.Option("--seed")]
Side = Annotated[int, typer.Option("--side-px", min=64, help="Pixels along a side of the same detector.")]
Device = Annotated[str, typer.Option("--device")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="ONNX Runtime's CPU threads; 0: as set, else 1.")]


@several_app.command("evaluate-sweep")
def evaluate_sweep(
    objects: Annotated[list[str], typer.Argument(help="Shipped objects: knee, plate, probe.")],
    spans: Annotated[str, typer.Option("--spans", help="Degrees that the C-arm turns; 0 is at rest.")] = "0,10,30,60",
    runs: Annotated[int, typer.Option("--runs", min=1, help="Sweeps, each past another scene.")] = 5,
    frames: Annotated[int, typer.Option("--frames", min=3, help="Of the widest sweep.")] = 31,
    fps: Annotated[float, typer.Option("--fps", min=0.1)] = 15.0,
    moving: Annotated[bool, typer.Option("--moving", help="Also with an object that moves meanwhile.")] = False,
    side_px: Side = 512,
    seed: Seed = 0,
    out: Out = None,
    plots: Plots = False,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure depth over a window of frames while a C-arm turns, or stands, against each frame alone.

    Example: fluoropose evaluate-sweep plate probe --spans 0,10,30,60 --runs 5 --plots --json sweeps.json
    """
    with plain_errors():
        from fluoropose.cli.several_tables import sweep_table
        from fluoropose.evaluation.plots.several import sweep_plotter
        from fluoropose.evaluation.sweeps import SweepPlan, evaluate_sweeps
        from fluoropose.io.files import write_json
        from fluoropose.objects.catalogue import shipped_object

        settings = Settings()
        draw = sweep_plotter() if plots else None
        plan = SweepPlan(_numbers(spans), runs, frames, fps, seed, moving, side_px)
        figures = {}
        for name in [shipped_object(name).name for name in objects]:
            place = (out or Path("evaluation") / "sweeps") / name
            figures[name] = evaluate_sweeps(
                shipped_cases(settings) / name, settings.models_root() / name, plan, place,
                device=device or settings.device, threads=threads or settings.threads, cores=available_cores(),
            )  # fmt: skip
            console.print(sweep_table(name, figures[name]))
            if draw is not None:
                draw(place, name, figures[name])
            console.print(f"frames and figures: {place}")
        if json_file is not None:
            write_json(json_file, next(iter(figures.values())) if len(figures) == 1 else figures)


@several_app.command("evaluate-objects")
def evaluate_objects(
    sets: Annotated[
        list[str] | None, typer.Argument(help="Shipped objects in one frame, as plate+probe; any may come twice.")
    ] = None,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Simulated frames of each set.")] = 10,
    starts: Annotated[int, typer.Option("--starts", min=1, help="Trials, going round the frames.")] = 40,
    side_px: Side = 512,
    seed: Seed = 0,
    out: Out = None,
    plots: Plots = False,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure objects that overlap in one frame, registered together and each in the frame as it is.

    Example: fluoropose evaluate-objects plate+probe knee+plate+probe+plate --starts 40 --json objects.json
    """
    with plain_errors():
        from fluoropose.cli.several_tables import overlap_table
        from fluoropose.evaluation.overlapping_objects import OverlapPlan, evaluate_overlapping_objects
        from fluoropose.evaluation.plots.several import overlap_plotter
        from fluoropose.io.files import write_json

        settings = Settings()
        draw = overlap_plotter() if plots else None
        chosen = sets or ["plate+probe", "plate+plate", "knee+plate", "knee+plate+probe+plate"]
        plan = OverlapPlan(tuple(tuple(each.split("+")) for each in chosen), frames, starts, seed, side_px)
        place = out or Path("evaluation") / "objects"
        figures = evaluate_overlapping_objects(
            shipped_cases(settings), settings.models_root(), plan, place,
            device=device or settings.device, threads=threads or settings.threads, cores=available_cores(),
        )  # fmt: skip
        console.print(overlap_table(figures))
        if draw is not None:
            draw(place, figures)
        console.print(f"trials, figures and pictures: {place}")
        if json_file is not None:
            write_json(json_file, figures)


def _numbers(text: str) -> tuple[float, ...]:
    from fluoropose.errors import InputError

    try:
        return tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError as error:
        raise InputError(f"expected numbers with commas, got {text!r}") from error
