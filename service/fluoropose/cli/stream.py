"""`fluoropose stream`: frames to a running service, as a console sends them."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, prepare_shipped_cases, write_figures
from fluoropose.cli.options import Distortions, GrpcAddress, Inverted, PixelMeaning

__all__ = ["stream"]


def stream(
    source: Annotated[str, typer.Argument(help="A folder or file of frames; or knee, plate, probe: a simulated run.")],
    case: Annotated[
        str | None, typer.Option("--case", help="The service's case; a simulated object's own name.")
    ] = None,
    camera: Annotated[Path | None, typer.Option("--camera", help="The camera's JSON file.")] = None,
    initial_pose: Annotated[Path | None, typer.Option("--initial-pose", help="JSON; without it, a search.")] = None,
    pixel_meaning: PixelMeaning = "intensity",
    inverted: Inverted = False,
    distortion: Distortions = None,
    places: Annotated[
        Path | None, typer.Option("--places", help="JSON: where the camera stood for each frame, if it moves.")
    ] = None,
    second: Annotated[Path | None, typer.Option("--second", help="Frames of a second camera, same instants.")] = None,
    second_camera: Annotated[Path | None, typer.Option("--second-camera", help="Its JSON; both with a place.")] = None,
    fps: Annotated[float | None, typer.Option("--fps", help="The file's own, else 15.")] = None,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Of a simulated run.")] = 100,
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="How often the run is sent, there and back.")] = 1,
    max_age_ms: Annotated[
        float | None, typer.Option("--max-age-ms", help="No pose for a frame older than this.")
    ] = None,
    transport: Annotated[str, typer.Option("--transport", help="http, ws or grpc.")] = "ws",
    address: Annotated[str, typer.Option("--address", help="The service's HTTP address.")] = "http://127.0.0.1:8000",
    grpc_address: GrpcAddress = "127.0.0.1:8001",
    key: Annotated[str | None, typer.Option("--key", help="An API key.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures and every pose here.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row per answered frame here.")] = None,
) -> None:
    """Send frames to a service at their rate, as a console does, and show what comes back.

    Example: fluoropose stream plate --transport grpc
    """
    with plain_errors():
        from fluoropose.cli.stream_run import StreamPlan, run_stream
        from fluoropose.cli.stream_source import RunFiles, read_source, simulate_source
        from fluoropose.errors import InputError
        from fluoropose.io.files import write_text
        from fluoropose.io.pose_export.csv_poses import csv_text, header_text
        from fluoropose.io.pose_export.json_poses import run_json
        from fluoropose.io.poses import read_pose
        from fluoropose.objects.catalogue import OBJECTS

        plan = StreamPlan(address, grpc_address, transport, key, pixel_meaning, inverted, max_age_ms, repeat)
        start = None if initial_pose is None else read_pose(initial_pose)
        if source in OBJECTS and not Path(source).exists():
            sent = simulate_source(prepare_shipped_cases() / source, frames, fps or 15.0, here())
        else:
            if (second is None) != (second_camera is None):
                raise InputError("expected both --second and --second-camera, or neither, got one")
            beside = None if second is None or second_camera is None else (second, second_camera)
            files = RunFiles(Path(source), camera, places, beside, tuple(distortion or ()))
            sent = read_source(files, case, start, fps)
        facts, poses = run_stream(sent, plan)
        console.print_json(data=facts)
        write_figures(json_file, facts | {"frames": [] if poses is None else run_json(poses)["frames"]})
        if csv_file is not None:
            write_text(csv_file, csv_text(poses) if poses is not None else header_text())
