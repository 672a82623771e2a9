"""`fluoropose replay`: a recorded session is registered again and compared."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, print_dim, progress_bar
from fluoropose.cli.environment import prepare_shipped_cases, write_figures
from fluoropose.cli.options import Json
from fluoropose.cli.settings import Settings

__all__ = ["replay"]


def replay(
    recording: Annotated[Path, typer.Argument(help="A file that `serve --record-dir` wrote.")],
    cases: Annotated[
        Path | None, typer.Option("--cases", help="Folder of cases; the shipped objects if not given.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", help="Folder of models; the shipped ones if not given.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "cpu",
    renderer: Annotated[str, typer.Option("--renderer", help="Where views are rendered: auto, cpu or cuda.")] = "auto",
    json_file: Json = None,
) -> None:
    """Register a recording's frames again and compare the poses: to the last bit on the machine that recorded them.

    Exit code 0 if all poses are the recorded ones (on another machine: within 0.05 mm and 0.05 degrees), else 1.

    Example: fluoropose replay recordings/session-20260101T120000000000Z.h5
    """
    with plain_errors():
        from fluoropose.evaluation.replay import ReplayPlan
        from fluoropose.evaluation.replay import replay as replay_recording

        root = cases or prepare_shipped_cases()
        plan = ReplayPlan(recording, root, models or Settings().models_root(), device, renderer)
        with progress_bar(f"replaying {recording.name}") as progress:
            report = replay_recording(plan, lambda jobs: progress(jobs, max(jobs, 1)))
        write_figures(json_file, report.facts())
        for line in [*report.unlike, *report.lines]:
            print_dim(line)
        console.print(
            f"{report.same_bits} of {report.poses} poses the same to the last bit, most {report.most_mm:.3g} mm and "
            f"{report.most_deg:.3g} degrees apart, {report.other_status} with another status; {report.jobs} jobs, "
            f"{report.missed} not recorded",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        if not report.agrees:
            raise typer.Exit(1)
