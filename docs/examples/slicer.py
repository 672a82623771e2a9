"""What a viewer gets over OpenIGTLink: frames in through the bridge, and the object's outline at the last TRANSFORM.

python docs/examples/slicer.py docs/pictures/slicer.webp

It runs a service and a bridge as the page says, and pyigtl in the place of 3D Slicer. Needs the extra `igtl` and
pyigtl.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyigtl

from fluoropose.cli.environment import here, prepare_shipped_cases
from fluoropose.cli.settings import Settings
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.server_process import server_process
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.io.cases import load_case
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.transports.http.schemas import camera_json

OBJECT, FPS = "plate", 15.0
GREEN = (60, 255, 90)
LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHOWN_S = 10.0


@contextmanager
def bridge(address: str, camera: dict, start: np.ndarray) -> Iterator[int]:
    """Run `fluoropose igtlink` and give its port when it listens; end it by its own process id."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"camera.json": camera, "start.json": {"camera_from_volume": start.tolist()}}
        for name, value in files.items():
            (Path(folder) / name).write_text(json.dumps(value))
        command = [sys.executable, "-u", "-m", "fluoropose", "igtlink", "--case", OBJECT, "--address", address]
        command += ["--camera", f"{folder}/camera.json", "--initial-pose", f"{folder}/start.json", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            line = next(line for line in process.stdout if "listening on" in line)
            yield int(line.split("listening on")[1].split(";")[0].rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.communicate(timeout=20)


def received_pose(port: int, frames: list[np.ndarray]) -> np.ndarray:
    """Send frames as a frame grabber would; return camera_from_volume of the last one, as the TRANSFORM says it."""
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", port)
    try:
        end = time.monotonic() + SHOWN_S
        while not client.is_connected() and time.monotonic() < end:
            time.sleep(0.05)
        sent_s = 0.0
        for pixels in frames:
            sent_s = time.time()
            client.send_message(pyigtl.ImageMessage(pixels[None], device_name="Frame", timestamp=sent_s))
            time.sleep(1.0 / FPS)
        while time.monotonic() < end + SHOWN_S:
            message = client.wait_for_message("VolumeToCamera", timeout=1)
            # Both messages of a frame carry the time of its IMAGE.
            if message is not None and abs(message.timestamp - sent_s) < 1e-3:
                return LPS_FROM_RAS @ message.matrix @ LPS_FROM_RAS
        raise SystemExit("expected a TRANSFORM of the last frame, got none")
    finally:
        client.stop()


def main(path: Path, frames: int = 30) -> float:
    """Write the picture; return how far the received pose is from the true one, mm between the objects' centres."""
    environment, cases = here("", 0), prepare_shipped_cases()
    case = load_case(cases / OBJECT)
    scene, truths = simulate_truths(case, frames, FPS, 0, environment)
    start = truths[0].camera_from_volume
    with server_process(cases, Settings().models_root(), environment.threads, environment.device) as server:
        with bridge(server.http, camera_json(scene.camera), start) as port:
            found = received_pose(port, [truth.pixels for truth in truths])
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    at = outline(renderer.render(scene.camera, found))
    layers = [("IMAGE that was sent", []), ("object at the TRANSFORM received", [(at, GREEN)])]
    save_picture(path, overlay_panels(truths[-1].pixels, layers))
    centre = np.append(case.corners_mm.mean(axis=0), 1.0)
    return float(np.linalg.norm((found - truths[-1].camera_from_volume) @ centre))


if __name__ == "__main__":
    print(f"the centre at the received pose is {main(Path(sys.argv[1])):.2f} mm from the true one")
