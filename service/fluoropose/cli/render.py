"""`fluoropose render`: a DRR of a case."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.options import CaseFolder

__all__ = ["render", "render_file"]


def render(
    case: CaseFolder,
    camera: Annotated[Path, typer.Option("--camera", help="The camera's JSON file.")],
    pose: Annotated[Path, typer.Option("--pose", help="camera_from_volume in JSON.")],
    out: Annotated[Path, typer.Option("--out", help=".npy for line integrals, .png for a picture.")],
) -> None:
    """Render a DRR of a case.

    Example: fluoropose render cases/hip --camera camera.json --pose pose.json --out drr.png
    """
    with plain_errors():
        render_file(case, camera, pose, out)
        console.print(f"DRR written to {out}")


def render_file(case_folder: Path, camera_file: Path, pose_file: Path, out: Path) -> None:
    """Write a DRR as .npy (line integrals) or .png (as an X-ray).

    Raises
    ------
    InputError
        If the suffix is another one.
    """
    from fluoropose.cli.inputs import read_camera
    from fluoropose.drr.atlas import default_step_mm
    from fluoropose.drr.cpu import CpuRenderer
    from fluoropose.errors import InputError
    from fluoropose.io.cases import load_case
    from fluoropose.io.files import write_file
    from fluoropose.io.frames import npy_bytes, png_bytes
    from fluoropose.io.poses import read_pose

    writers: dict[str, Any] = {".npy": npy_bytes, ".png": png_bytes}
    if out.suffix not in writers:
        raise InputError(f"expected an output of .npy or .png, got {out.name}")
    camera, pose = read_camera(camera_file), read_pose(pose_file)
    case = load_case(case_folder)
    data = writers[out.suffix](CpuRenderer(case.volume, default_step_mm(case.volume)).render(camera, pose))
    write_file(out, lambda part: part.write_bytes(data))
