"""Measure a GPU beside the CPU: a tile of 64 views, the pictures, registration and tracking. Nothing else should run.

    python deploy/benchmarks/gpu.py --json gpu.json

It was written where there was no GPU and has not been run on one. `--device cpu` compares the CPU with itself, which
shows only that the script runs.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.drr.atlas import default_step_mm, pose_of_view
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import view_volume
from fluoropose.drr.renderer_maker import CPU, AbstractRendererMaker
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_frame
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.start_errors import perturb
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import Device, open_device, version
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.registration.plan import Plan

VIEWS = 64


def main() -> None:
    """Measure, print and write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="what is beside the CPU")
    options.add_argument("--objects", nargs="+", default=sorted(OBJECTS), help="names, or folders of prepared cases")
    options.add_argument("--repeats", type=int, default=20, help="of each tile; a fifth of them on the CPU")
    options.add_argument("--frames", type=int, default=20, help="that are registered")
    options.add_argument("--json", type=Path, help="write the figures here")
    given = options.parse_args()
    device, host = open_device(given.device, 1, renderer=given.device), open_device("cpu", 1)
    figures: dict[str, Any] = {
        "gpus": [gpu.name for gpu in list_gpus()],
        "networks": device.label,
        "renderer": device.renderers.label,
        "onnxruntime": version(),
        "objects": {},
    }
    for name in given.objects:
        case = load_case(prepare_shipped_cases() / name if name in OBJECTS else Path(name).resolve())
        measured = measure_tile(case, device.renderers, given.repeats)
        measured["frames"] = compare_frames(case, device, host, given.frames)
        figures["objects"][case.name] = measured
        print(json.dumps({case.name: measured}, indent=2), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure_tile(case: Case, maker: AbstractRendererMaker, repeats: int) -> dict[str, Any]:
    """Return the times of a tile of 64 views, ms, and how far its pictures are from the CPU's."""
    view, volume = case.atlas.view, view_volume(case.volume, case.atlas.view)
    middle = np.argsort([max(map(abs, case.atlas.angles_of(index))) for index in range(case.atlas.grid.count)])
    poses = [pose_of_view(view, case.atlas.rotation(int(index))) for index in middle[:VIEWS]]
    host, device = CPU.make_view_renderer(volume), maker.make_view_renderer(volume)
    pictures = maker.make_pictures((len(poses), view.size_px, view.size_px))
    expected, found = host.render_views(view.camera, poses), device.render_views(view.camera, poses)
    exact, any_camera = CPU.make_renderer(case.volume), maker.make_renderer(case.volume)
    steps, other_steps = exact.render(view.camera, poses[0]), any_camera.render(view.camera, poses[0])
    return {
        "views": len(poses),
        "voxels": list(volume.values.shape),
        "cpu_tile_ms": _least_ms(lambda: host.render_views(view.camera, poses), max(1, repeats // 5)),
        "tile_ms": _least_ms(lambda: device.render_views(view.camera, poses), repeats),
        "stored_tile_ms": _least_ms(
            lambda: device.render_into(view.camera, poses, pictures, range(len(poses))), repeats
        ),
        "largest_difference": float(np.abs(found - expected).max() / expected.max()),
        "largest_stored_difference": float(np.abs(pictures.host - np.minimum(expected, 6e4)).max() / expected.max()),
        "any_camera": {
            "step_mm": default_step_mm(case.volume),
            "cpu_ms": _least_ms(lambda: exact.render(view.camera, poses[0]), max(1, repeats // 5)),
            "ms": _least_ms(lambda: any_camera.render(view.camera, poses[0]), repeats),
            "largest_difference": float(np.abs(other_steps - steps).max() / steps.max()),
        },
    }


def compare_frames(case: Case, device: Device, host: Device, count: int) -> dict[str, Any]:
    """Return times of registration and tracking on both, ms, and how far apart their poses are, mm at the corners."""
    root = shipped_models_root()
    folder = (
        root / case.name
        if (root / case.name).is_dir()
        else universal_bundle_folder(root, in_body=case.rest is not None)
    )
    residents = {
        name: load_resident_case(case, load_bundle(folder), one) for name, one in (("cpu", host), ("device", device))
    }
    scene, truths = simulate_truths(case, min(count, 10), 1.0, 0, Environment())
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {}
    apart: list[float] = []
    corners = np.hstack([case.corners_mm, np.ones((8, 1))])
    for n in range(count):
        truth = truths[n % len(truths)]
        start = perturb(truth.camera_from_volume, case.pose_frame, rng)
        for kind, plan in (
            ("registration", Plan(start, False)),
            ("tracking", Plan(truth.camera_from_volume, nearby=True)),
        ):
            poses = []
            for name, resident in residents.items():
                found = register_frame(resident, truth.pixels, scene.camera, plan)
                times.setdefault(f"{name}_{kind}_ms", []).append(found.timing_ms["total"])
                poses.append(found.camera_from_volume)
            difference = (corners @ (poses[0] - poses[1]).T)[:, :3]
            apart.append(float(np.linalg.norm(difference, axis=1).max()))
    return {name: float(np.median(values)) for name, values in times.items()} | {
        "apart_mm_median": float(np.median(apart)),
        "apart_mm_largest": max(apart),
    }


def _least_ms(work: Any, repeats: int) -> float:
    """Return the least time by the clock, after one run that may compile."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)


if __name__ == "__main__":
    main()
