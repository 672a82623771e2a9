"""One version of fluoropose that registers frames when told, for `compare_speed.py`; it runs under old checkouts too.

    python speed_worker.py FRAMES.npz CASES BUNDLES

Each line of the input names an object, a frame, and "registration" or "tracking". The answer is a line of JSON: the CPU
time of the thread that registered, that of the whole process, ms, and camera_from_volume.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np

from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView


def main() -> None:
    """Answer until the input ends."""
    frames_file, cases, bundles = (Path(argument) for argument in sys.argv[1:4])
    device = open_device("cpu", 1)
    with np.load(frames_file) as kept:
        arrays = {name: kept[name] for name in kept.files}
    residents = {}
    for line in sys.stdin:
        name, number, kind = line.split()
        if name not in residents:
            folder = bundles / name
            bundle = load_bundle(folder if folder.is_dir() else bundles)
            residents[name] = load_resident_case(load_case(cases / name), bundle, device)
            residents[name].clock = time.thread_time_ns  # so that stages are CPU time too
        pixels = arrays[f"{name}-frames"][int(number)]
        camera = Camera(*pixels.shape, arrays[f"{name}-intrinsic"])
        start = arrays[f"{name}-{kind}"][int(number)]
        view = FrameView(pixels, PlacedCamera(camera))
        began, process_began = time.thread_time(), time.process_time()
        found = register(residents[name], [view], Plan(start, kind == "tracking"))
        spent, process_spent = time.thread_time() - began, time.process_time() - process_began
        answer = {
            "cpu_ms": 1e3 * spent,
            "process_ms": 1e3 * process_spent,
            "status": found.status,
            "stages": found.timing_ms,
            "camera_from_volume": found.camera_from_volume.tolist(),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
