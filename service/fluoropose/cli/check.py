"""`fluoropose check`: what was understood of files, and what looks wrong."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors

__all__ = ["check"]

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def check(
    paths: Annotated[list[Path], typer.Argument(help="Volumes, meshes, frames, folders of them, or geometry.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the reports here, a list; - prints them alone.")
    ] = None,
    frame_number: Annotated[
        int | None, typer.Option("--frame-number", min=0, help="Judge runs by this frame, from 0; else by the middle.")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", help="Write a picture of the first file as PNG.")] = None,
) -> None:
    """Say what was understood of files and what looks wrong; exit code 2 if one cannot be used.

    Example: fluoropose check ct.nii.gz implant.stl frame.png camera.json --picture ct.png
    """
    with plain_errors():
        from fluoropose.io.check import check_path
        from fluoropose.io.files import write_json
        from fluoropose.io.pictures import save_picture

        quiet = json_file is not None and str(json_file) == "-"
        reports = []
        for path in paths:
            report = check_path(path, frame_number)
            reports.append({"path": str(path), **report.record()})
            if not quiet:
                _say(path, report)
            if picture is not None and len(reports) == 1 and report.picture is not None:
                save_picture(picture, report.picture)
        if quiet:
            print(json.dumps(reports, indent=1))
        elif json_file is not None:
            write_json(json_file, reports)
        if any(one["severity"] == "error" for report in reports for one in report["findings"]):
            raise typer.Exit(2)


def _say(path: Path, report: Any) -> None:
    console.print(str(path), style="bold", markup=False, highlight=False, soft_wrap=True)
    for name, value in report.understood.items():
        if value not in (None, [], {}):
            shown = json.dumps(value) if isinstance(value, dict | list) else str(value)
            _line(f"  {name.replace('_', ' ')}: {shown}")
    for one in report.findings:
        sure = "" if one.certainty == 1.0 else f" (certainty {100 * one.certainty:.0f} %)"
        _line(f"  {one.severity}: {one.text}{sure} [{one.code}]", _STYLES[one.severity])
    if not report.findings:
        _line("  nothing looks wrong")


def _line(text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
