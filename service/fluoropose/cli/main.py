"""The command line. Each command checks its input, says what it does, and ends with 0 only if it did it."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli import paper
from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.evaluate import evaluate_app
from fluoropose.cli.operate import operate_app
from fluoropose.cli.settings import Settings, available_cores
from fluoropose.cli.several import several_app
from fluoropose.cli.views import views_app

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Six-degree-of-freedom pose of a CT's object in X-ray fluoroscopy, in real time.",
)  # fmt: skip

app.add_typer(evaluate_app)
app.add_typer(operate_app)
app.add_typer(several_app)
app.add_typer(views_app)
app.add_typer(paper.app, name="paper")

LabelMap = Annotated[Path | None, typer.Option("--label-map", help="Label map on the CT's grid.")]
Label = Annotated[int | None, typer.Option("--label", help="The object's value in the label map.")]
Hu = Annotated[tuple[float, float] | None, typer.Option("--hu", help="The object's HU window: LOW HIGH.")]
Box = Annotated[str | None, typer.Option("--box", help="Box in LPS mm: x0,y0,z0,x1,y1,z1.")]
View = Annotated[str, typer.Option("--view", help="Expected view: frontal, back, lateral or a pose's JSON file.")]
Range = Annotated[float, typer.Option("--range-mm", help="Expected distance from source to object.")]
HalfRange = Annotated[float, typer.Option("--half-range-deg", help="Out-of-plane angles covered, each way.")]
HalfRangeBeta = Annotated[
    float | None, typer.Option("--half-range-beta-deg", help="The same for turns about the image's column, if wider.")
]
InAir = Annotated[bool, typer.Option("--in-air", help="Nothing surrounds the object in the CT.")]
Step = Annotated[float, typer.Option("--step-deg", help="Step of the atlas.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="ONNX Runtime's CPU threads; 0: as set, else 1.")]
Cores = Annotated[int, typer.Option("--cores", min=0, help="Cores to use; 0 takes those there are.")]
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
    half_range_beta_deg: HalfRangeBeta = None,
    step_deg: Step = 2.0,
    attenuation: Annotated[bool, typer.Option("--attenuation", help="Values are 1/mm, not HU.")] = False,
    in_air: InAir = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a case of that name.")] = False,
) -> None:
    """Turn a volume into a case: attenuation and atlas.

    Example: fluoropose prepare ct.nii.gz --label-map labels.nii.gz --label 90 --out cases/hip
    """
    with plain_errors():
        from fluoropose.cli.inputs import prepare_shipped, view_choice
        from fluoropose.io.preparation import CaseRequest, prepare_ct
        from fluoropose.objects.catalogue import OBJECTS

        began = time.perf_counter()
        with progress_bar("rendering atlas") as report:
            choice = view_choice(view, range_mm, half_range_deg, step_deg, half_range_beta_deg)
            if str(volume) in OBJECTS and not volume.exists():
                case = prepare_shipped(OBJECTS[str(volume)], out, grid=choice.grid, replace=force, progress=report)
            else:
                request = CaseRequest(volume, choice, label_map, label, hu, _box(box), attenuation, in_air)
                case = prepare_ct(request, out, replace=force, progress=report)
        seconds, around = time.perf_counter() - began, " and their surroundings" if case.atlas.has_surroundings else ""
        size_mb = case.atlas.pictures.nbytes / 1e6
        atlas = f"atlas of {case.atlas.grid.count} views{around}, {size_mb:.0f} MB, made in {seconds:.1f} s"
        console.print(f"case {case.name} in {out}: object {case.size_mm:.1f} mm, {atlas}")


@app.command()
def train(
    case: Annotated[Path, typer.Argument(help="A prepared case's folder.")],
    out: Annotated[Path, typer.Option("--out", help="The model's folder.")],
    profile: Annotated[
        str,
        typer.Option(
            "--profile", help="instant, minute, five-minutes, quick, full, tiny, or paper: see `fluoropose paper`."
        ),
    ] = "quick",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    cores: Cores = 0,
    json_file: Json = None,
) -> None:
    """Train the regressors of a case and export them to ONNX; started again, it goes on where it was.

    Example: fluoropose train cases/hip --out models/hip --profile quick
    """
    with plain_errors():
        from fluoropose.evaluation.trained_bundle import train_bundle
        from fluoropose.io.cases import load_case
        from fluoropose.io.files import write_json

        count = cores or available_cores()
        if profile == "paper":
            from fluoropose.evaluation.published.training.command import TrainPlan, train_paper

            train_paper(load_case(case), out, TrainPlan(seed=seed, cores=count))
            return
        facts = train_bundle(load_case(case), out, profile, seed=seed, cores=count)
        _print_facts(facts)
        if json_file is not None:
            write_json(json_file, facts)


@app.command()
def demo(
    object_name: Annotated[str, typer.Option("--object", help="knee, plate or probe.")] = "plate",
    ct: Annotated[Path | None, typer.Option("--ct", help="Your own CT instead: prepared and trained first.")] = None,
    label_map: LabelMap = None,
    label: Label = None,
    hu: Hu = None,
    box: Box = None,
    view: View = "frontal",
    range_mm: Range = 900.0,
    attenuation: Annotated[bool, typer.Option("--attenuation", help="Values are 1/mm, not HU.")] = False,
    in_air: InAir = False,
    profile: Annotated[str, typer.Option("--profile", help="Training of --ct, as for `train`.")] = "quick",
    frames: Annotated[int, typer.Option("--frames", min=1)] = 200,
    starts: Annotated[int, typer.Option("--starts", min=0, help="Also register from N perturbed starts.")] = 0,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    device: Annotated[str, typer.Option("--device")] = "",
    threads: Threads = 0,
    out: Annotated[Path, typer.Option("--out", help="Where case, model and pictures go.")] = Path("demo"),
    json_file: Json = None,
) -> None:
    """Run the main job here: an object, a real server on loopback, a simulated run, errors and latencies.

    Example: fluoropose demo --object knee --starts 200 --json knee.json
    """
    with plain_errors():
        from fluoropose.cli.inputs import prepare_shipped, view_choice
        from fluoropose.cli.tables import facts_table, latency_table
        from fluoropose.evaluation.demo import DemoPlan, run_demo
        from fluoropose.evaluation.trained_bundle import train_bundle
        from fluoropose.io.files import write_json
        from fluoropose.io.preparation import CaseRequest, prepare_ct
        from fluoropose.objects.catalogue import shipped_object

        settings = Settings()
        cores = available_cores()
        models = settings.models_root()
        with progress_bar("rendering atlas") as report:
            if ct is None:
                folder = out / "cases" / object_name
                case = prepare_shipped(shipped_object(object_name), folder, replace=True, progress=report)
            else:
                folder = out / "cases" / "ct"
                choice = view_choice(view, range_mm, 36.0, 2.0)
                request = CaseRequest(ct, choice, label_map, label, hu, _box(box), attenuation, in_air)
                case = prepare_ct(request, folder, replace=True, progress=report)
        if ct is not None:
            models = out / "models"
            train_bundle(case, models / "ct", profile, seed=seed, cores=cores)
        plan = DemoPlan(
            folder.parent, models, out, frames, starts, seed, device or settings.device,
            threads or settings.threads, cores,
        )  # fmt: skip
        result = run_demo(case, plan)
        parts = {"tracking": result.tracking} | ({"starts": result.starts} if result.starts else {})
        console.print(facts_table(parts))
        console.print(latency_table(parts))
        console.print(f"picture: {result.picture}")
        if json_file is not None:
            write_json(json_file, {"tracking": result.tracking, "starts": result.starts})
            console.print(f"figures: {json_file}")


@app.command()
def register(
    case: Annotated[Path, typer.Argument(help="A prepared case's folder.")],
    frames: Annotated[list[Path], typer.Argument(help="The X-ray, or several views: .npy, .png, .tif or DICOM.")],
    cameras: Annotated[list[Path], typer.Option("--camera", help="The camera's JSON file; one per view, in order.")],
    initial_pose: Annotated[
        Path | None, typer.Option("--initial-pose", help="JSON; without it the frame is searched.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="The model's folder; that of the case's name if not given.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="pehl, intensity (the best of Powell's), or another of `evaluate`.")
    ] = "pehl",
    pixel_meaning: Annotated[
        str, typer.Option("--pixel-meaning", help="intensity, line_integral or display.")
    ] = "intensity",
    inverted: Annotated[bool, typer.Option("--inverted", help="Dense is bright.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write an overlay picture here.")] = None,
    json_file: Json = None,
    threads: Threads = 0,
) -> None:
    """Register one frame, or several calibrated views of one instant together.

    Several views need camera_from_world in each camera's file; the initial pose is world_from_volume then.

    Example: fluoropose register cases/hip frame.png --camera camera.json --initial-pose start.json --model models/hip

    Example: fluoropose register cases/hip a.png b.png --camera a.json --camera b.json --initial-pose start.json
    """
    with plain_errors():
        from fluoropose.cli.inputs import is_placed
        from fluoropose.cli.single import register_file, register_view_files

        settings = Settings()
        alone = len(frames) == len(cameras) == 1 and not is_placed(cameras[0])
        register_any = register_file if alone else register_view_files
        result = register_any(
            case, frames, cameras, initial_pose, model or settings.models_root() / case.name, pixel_meaning, inverted,
            out, threads or settings.threads, method,
        )  # fmt: skip
        console.print_json(data=result)
        if json_file is not None:
            from fluoropose.io.files import write_json

            write_json(json_file, result)


@app.command()
def render(
    case: Annotated[Path, typer.Argument(help="A prepared case's folder.")],
    camera: Annotated[Path, typer.Option("--camera", help="The camera's JSON file.")],
    pose: Annotated[Path, typer.Option("--pose", help="camera_from_volume in JSON.")],
    out: Annotated[Path, typer.Option("--out", help=".npy for line integrals, .png for a picture.")],
) -> None:
    """Render a DRR of a case.

    Example: fluoropose render cases/hip --camera camera.json --pose pose.json --out drr.png
    """
    with plain_errors():
        from fluoropose.cli.single import render_file

        render_file(case, camera, pose, out)
        console.print(f"DRR written to {out}")


def _box(text: str | None) -> Any:
    import numpy as np

    from fluoropose.errors import InputError

    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 6:
        raise InputError(f"expected --box x0,y0,z0,x1,y1,z1 in mm, got {text!r}")
    return np.array(numbers).reshape(2, 3)


def _print_facts(facts: dict[str, Any]) -> None:
    from fluoropose.cli.tables import facts_table

    console.print(facts_table({"measured": facts}))
