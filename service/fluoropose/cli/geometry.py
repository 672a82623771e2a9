"""`fluoropose geometry`: cameras as other programs write them."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.geometry_overlay import OverlayFiles, draw_overlay
from fluoropose.cli.options import Inverted, PixelMeaning

__all__ = ["geometry_app"]

_ABOUT = (
    "Cameras as other programs write them.\n\nExample: fluoropose geometry convert cam1_mayacam.txt --out camera1.json"
)

geometry_app = typer.Typer(no_args_is_help=True, help=_ABOUT)


@geometry_app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="JSON, a MayaCam or JointTrack file, or a DICOM X-ray image.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="intrinsic, projection_matrix, distances, c_arm, dicom_xa, mayacam1, mayacam2, jointtrack, diffdrr "
            "or xvr.",
        ),
    ] = "intrinsic",
    kind: Annotated[str, typer.Option("--from", help="The file's kind, where its content does not tell it.")] = "",
    rows: Annotated[int, typer.Option("--rows", help="The picture's size, where the file does not tell it.")] = 0,
    columns: Annotated[int, typer.Option("--columns", help="As --rows.")] = 0,
    source_to_detector_mm: Annotated[
        float, typer.Option("--source-to-detector-mm", help="For kinds with lengths, where the file has pixels only.")
    ] = 0.0,
    v_axis: Annotated[str, typer.Option("--v-axis", help="Rows of the matrix written: down or up.")] = "down",
    looks_along: Annotated[str, typer.Option("--looks-along", help="The beam of the camera written: +z or -z.")] = "+z",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write here: .json, or .txt and .csv of calibrations.")
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option("--overlay", help="Draw the object on a frame with the camera as written: a .png to look at."),
    ] = None,
    case: Annotated[Path | None, typer.Option("--case", help="For --overlay: a prepared case's folder.")] = None,
    pose: Annotated[Path | None, typer.Option("--pose", help="For --overlay: camera_from_volume in JSON.")] = None,
    frame: Annotated[Path | None, typer.Option("--frame", help="For --overlay: the frame, or a run's file.")] = None,
    pixel_meaning: PixelMeaning = "intensity",
    inverted: Inverted = False,
) -> None:
    """Convert a camera. What is lost, assumed or unlikely goes to stderr.

    Example: fluoropose geometry convert cam1_mayacam.txt --to intrinsic --out camera1.json

    Example: fluoropose geometry convert run.dcm --to c_arm

    Example: fluoropose geometry convert cam1.txt --overlay see.png --case cases/hip --pose pose.json --frame frame.png
    """
    with plain_errors():
        files = OverlayFiles(overlay, case, pose, frame, pixel_meaning, inverted)
        given: dict[str, Any] = {"rows": rows, "columns": columns, "source_to_detector_mm": source_to_detector_mm}
        how = {"v_axis": v_axis, "looks_along": looks_along} if to in ("intrinsic", "projection_matrix") else {}
        answer = _convert(source, kind, {name: value for name, value in given.items() if value}, {"kind": to, **how})
        _say(answer)
        _write(answer["geometry"], out)
        draw_overlay(files, answer["geometry"])


def _convert(source: Path, kind: str, given: dict[str, Any], to: dict[str, Any]) -> dict[str, Any]:
    from fluoropose.geometry.conversion.convert import convert_geometry
    from fluoropose.io.geometry_files import geometry_in_file
    from fluoropose.transports.http.geometry_routes import conversion_json

    return conversion_json(convert_geometry({**geometry_in_file(source, kind), **given}, {**given, **to}))


def _say(answer: dict[str, Any]) -> None:
    lines = [f"lost: {loss}" for loss in answer["losses"]] + [f"note: {note}" for note in answer["notes"]]
    for line in lines + [f"{one['severity']}: {one['text']}" for one in answer["findings"]]:
        typer.echo(line, err=True)


def _write(fields: dict[str, Any], out: Path | None) -> None:
    from fluoropose.errors import InputError
    from fluoropose.io.files import write_file

    as_text = out is not None and out.suffix in (".txt", ".csv")
    if out is not None and not as_text and out.suffix != ".json":
        raise InputError(f"expected --out as .json, .txt or .csv, got {out.name}")
    if as_text and "text" not in fields:
        raise InputError(f"expected --out as .json for {fields['kind']}, which is no text file, got {out and out.name}")
    text = fields["text"] if as_text else json.dumps(fields, indent=1) + "\n"
    if out is None:
        console.print(text, end="", markup=False, highlight=False, soft_wrap=True)
        return
    write_file(out, lambda part: part.write_text(text, encoding="utf-8"))
    console.print(f"{fields['kind']} written to {out}", markup=False)
