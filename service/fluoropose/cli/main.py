"""The command line. Each command checks its input, says what it does, and ends with 0 only if it did it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.settings import Settings, shipped_models_root

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Six-degree-of-freedom pose of a CT's object in X-ray fluoroscopy, in real time.",
)  # fmt: skip

LabelMap = Annotated[Path | None, typer.Option("--label-map", help="Label map on the CT's grid.")]
Label = Annotated[int | None, typer.Option("--label", help="The object's value in the label map.")]
Hu = Annotated[tuple[float, float] | None, typer.Option("--hu", help="The object's HU window: LOW HIGH.")]
Box = Annotated[str | None, typer.Option("--box", help="Box in LPS mm: x0,y0,z0,x1,y1,z1.")]
View = Annotated[str, typer.Option("--view", help="Expected view: frontal, back, lateral or a pose's JSON file.")]
Range = Annotated[float, typer.Option("--range-mm", help="Expected distance from source to object.")]
HalfRange = Annotated[float, typer.Option("--half-range-deg", help="Out-of-plane angles covered, each way.")]
Step = Annotated[float, typer.Option("--step-deg", help="Step of the atlas.")]
Threads = Annotated[int, typer.Option("--threads", help="CPU threads; 0 takes the cores there are.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]


@app.command()
def prepare(
    volume: Annotated[Path, typer.Argument(help="DICOM folder or .zip, .nii, .nii.gz, .nrrd; or knee, plate, probe.")],
    out: Annotated[Path, typer.Option("--out", help="The case's folder; its name is the case's name.")],
    label_map: LabelMap = None,
    label: Label = None,
    hu: Hu = None,
    box: Box = None,
    view: View = "frontal",
    range_mm: Range = 900.0,
    half_range_deg: HalfRange = 36.0,
    step_deg: Step = 2.0,
    attenuation: Annotated[bool, typer.Option("--attenuation", help="Values are 1/mm, not HU.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a case of that name.")] = False,
) -> None:
    """Turn a volume into a case: attenuation and atlas.

    Example: fluoropose prepare ct.nii.gz --label-map labels.nii.gz --label 90 --out cases/hip
    """
    with plain_errors():
        from fluoropose.cli.inputs import prepare_ct, prepare_shipped, view_choice
        from fluoropose.objects.catalogue import OBJECTS

        with progress_bar("rendering atlas") as report:
            if str(volume) in OBJECTS and not volume.exists():
                case = prepare_shipped(OBJECTS[str(volume)], out, replace=force, progress=report)
            else:
                choice = view_choice(view, range_mm, half_range_deg, step_deg)
                case = prepare_ct(
                    volume, out, choice, label_map=label_map, label=label, hu=hu, box_mm=_box(box),
                    attenuation=attenuation, replace=force, progress=report,
                )  # fmt: skip
        size_mb = case.atlas.views.nbytes / 1e6
        console.print(f"case {case.name} in {out}: object {case.size_mm:.1f} mm, atlas {len(case.atlas.views)} views, {size_mb:.0f} MB")


@app.command()
def train(
    case: Annotated[Path, typer.Argument(help="A prepared case's folder.")],
    out: Annotated[Path, typer.Option("--out", help="The model's folder.")],
    profile: Annotated[str, typer.Option("--profile", help="quick (10 min), full (90 min) or tiny.")] = "quick",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Train the regressors of a case and export them to ONNX; started again, it goes on where it was.

    Example: fluoropose train cases/hip --out models/hip --profile quick
    """
    with plain_errors():
        from fluoropose.cli.training import train_bundle
        from fluoropose.io.cases import load_case
        from fluoropose.io.files import write_json

        cores = threads or Settings().thread_count()
        facts = train_bundle(load_case(case), out, profile, seed=seed, threads=cores)
        _print_facts(facts)
        if json_file is not None:
            write_json(json_file, facts)


def _box(text: str | None) -> list[float] | None:
    from fluoropose.errors import InputError

    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 6:
        raise InputError(f"expected --box x0,y0,z0,x1,y1,z1 in mm, got {text!r}")
    return numbers


def _print_facts(facts: dict[str, Any]) -> None:
    from fluoropose.cli.tables import facts_table

    console.print(facts_table({"measured": facts}))
