"""`fluoropose bench upload`: from an upload to a case that is ready, and to the first sure pose."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, prepare_shipped_cases, write_figures
from fluoropose.cli.options import Device, Json, Threads
from fluoropose.cli.settings import Settings

__all__ = ["upload"]


def upload(
    volume: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A mesh, or a CT as one file.")],
    options: Annotated[
        str, typer.Option("--options", help='As of POST /v1/cases, JSON: {"material": "titanium"} and the like.')
    ] = "{}",
    label_map: Annotated[Path | None, typer.Option("--label-map", exists=True, help="Labels of the CT.")] = None,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Upload a file to a server of our own: the time of each step until it is ready, and until a pose is sure.

    Example: fluoropose bench upload implant.stl --options '{"material": "titanium"}'
    """
    with plain_errors(), tempfile.TemporaryDirectory() as folder:
        from fluoropose.errors import InputError
        from fluoropose.evaluation.server_process import server_process
        from fluoropose.evaluation.upload_times import UploadPlan, measure_upload

        try:
            chosen = {"name": "uploaded", **json.loads(options)}
        except (ValueError, TypeError) as error:
            raise InputError(f"expected --options as a JSON object, got {options[:80]!r}") from error
        # A server that has no case is not ready.
        cases, environment = Path(folder) / "cases", here(device, threads)
        shutil.copytree(prepare_shipped_cases() / "plate", cases / "plate")
        models = Settings().models_root()
        with server_process(cases, models, environment.threads, environment.device, writes=True) as server:
            figures = measure_upload(server, cases, UploadPlan(volume, chosen, label_map))
        console.print_json(data=figures)
        write_figures(json_file, figures)
