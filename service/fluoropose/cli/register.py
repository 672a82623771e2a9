"""`fluoropose register`: one instant, from files to a pose."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import write_figures
from fluoropose.cli.options import CaseFolder, Distortions, Inverted, Json, Model, PixelMeaning, Threads
from fluoropose.cli.settings import Settings

__all__ = ["register"]


def register(
    case: CaseFolder,
    frames: Annotated[list[Path], typer.Argument(help="The X-ray, or several views: .npy, .png, .tif, .jpg or DICOM.")],
    cameras: Annotated[list[Path], typer.Option("--camera", help="The camera's JSON file; one per view, in order.")],
    initial_pose: Annotated[
        Path | None, typer.Option("--initial-pose", help="JSON; without it the frame is searched.")
    ] = None,
    model: Model = None,
    method: Annotated[
        str, typer.Option("--method", help="pehl, intensity (the best of Powell's), or another of `evaluate methods`.")
    ] = "pehl",
    pixel_meaning: PixelMeaning = "intensity",
    inverted: Inverted = False,
    distortion: Distortions = None,
    frame_number: Annotated[
        int | None, typer.Option("--frame-number", min=0, help="Of files of several frames: which one, from 0.")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            help="An overlay as .png, or the pose as .json, .csv, .tfm, .slicer.tfm, .jts, .tra or .dcm; repeatable.",
        ),
    ] = None,
    json_file: Json = None,
    threads: Threads = 0,
) -> None:
    """Register one frame, or several calibrated views of one instant together.

    Several views need camera_from_world in each camera's file; the initial pose is world_from_volume then. The exit
    code is 3 if the object was not found.

    Example: fluoropose register cases/hip frame.png --camera camera.json --initial-pose start.json --model models/hip

    Example: fluoropose register cases/hip a.png b.png --camera a.json --camera b.json --initial-pose start.json
    """
    with plain_errors():
        from fluoropose.cli.inputs import is_placed
        from fluoropose.cli.instant_files import InstantFiles
        from fluoropose.cli.register_files import register_file, register_view_files
        from fluoropose.cli.register_outputs import NOT_FOUND, RegisterOutputs
        from fluoropose.io.bundles import find_bundle_folder
        from fluoropose.io.cases import load_case

        outputs = RegisterOutputs.of(out or [])
        settings = Settings()
        networks = model or find_bundle_folder(settings.models_root(), load_case(case))
        files = InstantFiles(
            case, tuple(frames), tuple(cameras), initial_pose, networks,
            pixel_meaning, inverted, outputs.picture, threads or settings.threads, frame_number,
            tuple(distortion or ()),
        )  # fmt: skip
        alone = len(frames) == len(cameras) == 1 and not is_placed(cameras[0])
        result = register_file(files, method) if alone else register_view_files(files, method)
        console.print_json(data=result)
        write_figures(json_file, result)
        outputs.write_poses(result, "camera" if alone else "world")
        if result.get("status") == "LOST":
            raise typer.Exit(NOT_FOUND)
