"""`fluoropose demo`: the main job on this machine with nothing else."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.environment import here, write_figures
from fluoropose.cli.options import (
    Attenuation,
    Box,
    Device,
    Hu,
    InAir,
    Json,
    Label,
    LabelMap,
    ObjectName,
    RangeMm,
    Seed,
    Threads,
    View,
)
from fluoropose.cli.settings import Settings

__all__ = ["demo"]

_PROFILE = "Training of --ct, as for `train`: `instant` has none, `quick` is more exact."


def demo(
    object_name: ObjectName = "plate",
    ct: Annotated[Path | None, typer.Option("--ct", help="Your own CT instead: prepared first.")] = None,
    label_map: LabelMap = None,
    label: Label = None,
    hu: Hu = None,
    box: Box = None,
    view: View = "frontal",
    range_mm: RangeMm = 900.0,
    attenuation: Attenuation = False,
    in_air: InAir = False,
    profile: Annotated[str, typer.Option("--profile", help=_PROFILE)] = "instant",
    frames: Annotated[int, typer.Option("--frames", min=1, help="Of the simulated run.")] = 200,
    starts: Annotated[int, typer.Option("--starts", min=0, help="Also register from N perturbed starts.")] = 0,
    seed: Seed = 0,
    device: Device = "",
    threads: Threads = 0,
    out: Annotated[Path, typer.Option("--out", help="Where case, model and pictures go.")] = Path("demo"),
    json_file: Json = None,
) -> None:
    """Run the main job here: an object, a real server on loopback, a simulated run, errors and latencies.

    Example: fluoropose demo --object knee --starts 200 --json knee.json
    """
    with plain_errors():
        from fluoropose.cli.demo_frames import live_frames
        from fluoropose.cli.parsing import parse_box
        from fluoropose.cli.tables.accuracy import facts_table, latency_table
        from fluoropose.drr.atlas import AtlasGrid
        from fluoropose.evaluation.demo import DemoPlan, run_demo
        from fluoropose.evaluation.trained_bundle import train_bundle
        from fluoropose.io.preparation import CaseRequest, choose_view, prepare_ct, prepare_shipped
        from fluoropose.objects.catalogue import shipped_object

        environment, models, cases = here(device, threads), Settings().models_root(), out / "cases"
        with progress_bar("rendering atlas") as report:
            if ct is None:
                item = shipped_object(object_name)
                case = prepare_shipped(item, cases / object_name, replace=True, progress=report)
            else:
                choice = choose_view(view, range_mm, AtlasGrid())
                request = CaseRequest(ct, choice, label_map, label, hu, parse_box(box), attenuation, in_air)
                case = prepare_ct(request, cases / "ct", replace=True, progress=report)
        if ct is not None:
            models = out / "models"
            train_bundle(case, models / "ct", profile, seed, environment)
            console.print(f"model written to {models / 'ct'}")
        result = run_demo(case, DemoPlan(cases, models, out, frames, starts, seed), environment, live_frames)
        parts = {"tracking": result.tracking} | ({"starts": result.starts} if result.starts else {})
        console.print(facts_table(parts))
        console.print(latency_table(parts))
        console.print(f"picture: {result.picture}")
        if json_file is not None:
            write_figures(json_file, {"tracking": result.tracking, "starts": result.starts})
            console.print(f"figures: {json_file}")
