"""`fluoropose bench igtlink`: what the OpenIGTLink bridge adds to a frame's answer."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.environment import here, prepare_shipped_cases, write_figures
from fluoropose.cli.options import Device, Json, ObjectName, Threads
from fluoropose.cli.settings import Settings

__all__ = ["igtlink"]

_RUN = 60
"""Frames that are simulated; they are sent there and back."""


def igtlink(
    object_name: ObjectName = "plate",
    frames: Annotated[int, typer.Option("--frames", min=60, help="Frames each way.")] = 600,
    fps: Annotated[float, typer.Option("--fps", min=1, help="Frames per second.")] = 30.0,
    device: Device = "",
    threads: Threads = 0,
    json_file: Json = None,
) -> None:
    """Measure what the bridge adds: the same frames through it and past it, in turns of a second.

    Example: fluoropose bench igtlink --frames 600
    """
    with plain_errors():
        from fluoropose.client import AsyncClient
        from fluoropose.evaluation.provenance import provenance
        from fluoropose.evaluation.server_process import server_process
        from fluoropose.evaluation.simulated_frames import simulate_truths
        from fluoropose.igtlink.latency import LatencyPlan, measure_latencies, summarise
        from fluoropose.io.cases import load_case
        from fluoropose.transports.http.schemas import camera_json

        environment, cases = here(device, threads), prepare_shipped_cases()
        scene, truths = simulate_truths(load_case(cases / object_name), _RUN, fps, 0, environment)
        start = truths[0].camera_from_volume.tolist()
        opening = {"case": object_name, "camera": camera_json(scene.camera), "initial_pose": start}
        plan = LatencyPlan(opening, [truth.pixels for truth in truths], frames, fps)

        async def measure(address: str, port: int) -> dict[str, Any]:
            async with AsyncClient(address, "ws") as client:
                return summarise(await measure_latencies(plan, client, port))

        models = Settings().models_root()
        with server_process(cases, models, environment.threads, environment.device) as server:
            with _bridge(server.http, opening) as port:
                figures = asyncio.run(measure(server.http, port)) | {"fps": fps, **provenance()}
        console.print_json(data=figures)
        write_figures(json_file, figures)


@contextmanager
def _bridge(address: str, opening: dict[str, Any]) -> Iterator[int]:
    """Run `fluoropose igtlink` beside this process; give its port when it listens, end it by its own process id."""
    with tempfile.TemporaryDirectory(prefix="fluoropose-bench-") as folder:
        camera, start = Path(folder) / "camera.json", Path(folder) / "start.json"
        camera.write_text(json.dumps(opening["camera"]))
        start.write_text(json.dumps({"camera_from_volume": opening["initial_pose"]}))
        command = [
            sys.executable,
            "-u",
            "-m",
            "fluoropose",
            "igtlink",
            "--case",
            opening["case"],
            "--camera",
            str(camera),
        ]
        command += ["--initial-pose", str(start), "--address", address, "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield _port_of(process)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def _port_of(process: "subprocess.Popen[str]") -> int:
    from fluoropose.errors import DeviceError

    said = ""
    for line in process.stdout or ():
        said += line
        if "listening on" in line:
            return int(line.split("listening on")[1].split(";")[0].rsplit(":", 1)[1])
    raise DeviceError(f"expected a bridge that listens, got: {said.strip()[:300]}")
