"""`bench`: how fast this machine renders and registers; medians and 99th percentiles, nothing judged."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.cli.console import progress_bar
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.atlas_error import depth_scale_error_mm, nearest_view_error_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.reference import ReferenceRenderer, box_interval
from fluoropose.drr.renderer import ray_frame
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trained_bundle import simulated_truths
from fluoropose.evaluation.two_views import PairPlan, simulated_rig
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import pose_from_canonical, view_rotation
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import version
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = ["bench"]


def bench(resident: ResidentCase, *, runs: int, seed: int, threads: int, cores: int) -> dict[str, Any]:
    """Return renderer rates and registration times of one resident case."""
    scene, truths = simulated_truths(resident.case, 10, 1.0, seed, cores)
    rng = np.random.default_rng(seed)
    stages: dict[str, list[float]] = {}
    tracking: list[float] = []
    with progress_bar("registering") as report:
        for n in range(runs):
            truth = truths[n % len(truths)]
            start = perturb(truth.camera_from_volume, resident.case.pose_frame, rng)
            for nearby in (False, True):
                pose = truth.camera_from_volume if nearby else start
                found = resident.register(truth.pixels, scene.camera, PixelMeaning.INTENSITY, False, Plan(pose, nearby))
                if nearby:
                    tracking.append(found.timing_ms["total"])
                else:
                    for stage, value in found.timing_ms.items():
                        stages.setdefault(stage, []).append(value)
            report(n + 1, runs)
    return {
        "object": resident.case.name,
        "device": resident.device.label,
        "threads": threads,
        "cuda_graphs": resident.device.graphs,
        "runs": runs,
        "onnxruntime": version(),
        "gpus": [gpu.name for gpu in list_gpus()],
        "machine": machine_name(),
        "renderers": _renderers(resident.case),
        "registration_ms": {stage: _percentiles(values) for stage, values in stages.items()},
        "tracking_ms": {"total": _percentiles(tracking)},
        "two_views_ms": _two_views(resident, runs, seed, cores),
        "atlas": {"views": len(resident.case.atlas.views), "bytes": int(resident.case.atlas.pictures.nbytes)},
        "atlas_error": _atlas_error(resident.case),
    }


def _two_views(resident: ResidentCase, runs: int, seed: int, cores: int) -> dict[str, Any]:
    """Return times of two views 60 degrees apart beside one alone, in turns: from rough starts and tracking. ms.

    `ratio` is that of the medians, of the clock and of this process's CPU time, which other load disturbs less.
    """
    case = resident.case
    rig = simulated_rig(case, 60.0, PairPlan((60.0,), (0.0,), (), runs, 4, seed), cores)
    rng = np.random.default_rng([seed, 2])
    times: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for n in range(runs):
        pair = rig.pairs[n % len(rig.pairs)]
        views = [
            FrameView(pixels, PlacedCamera(rig.camera, place), name)
            for pixels, place, name in zip(pair.pixels, rig.places, ("first", "second"), strict=True)
        ]
        rough = inverse(rig.places[0]) @ perturb(rig.places[0] @ pair.world_from_volume, case.pose_frame, rng)
        for kind, start in (("registration", rough), ("tracking", pair.world_from_volume)):
            for name, given in (("one", views[:1]), ("two", views)):
                began = time.process_time()
                found = resident.register_views(
                    given, PixelMeaning.INTENSITY, False, Plan(start, nearby=kind == "tracking")
                )
                spent = 1e3 * (time.process_time() - began)
                times.setdefault(kind, {}).setdefault(name, []).append((found.timing_ms["total"], spent))
    return {kind: _beside(np.array(parts["one"]), np.array(parts["two"])) for kind, parts in times.items()}


def _beside(one: Float64, two: Float64) -> dict[str, Any]:
    """Return times (n, 2), of the clock and of the CPU, of one view and of two."""
    return {
        "one": _percentiles(one[:, 0].tolist()),
        "two": _percentiles(two[:, 0].tolist()),
        "ratio": float(np.median(two[:, 0]) / np.median(one[:, 0])),
        "cpu_ratio": float(np.median(two[:, 1]) / np.median(one[:, 1])),
    }


def _atlas_error(case: Case) -> dict[str, dict[str, float]]:
    """Return the largest apparent motion of a corner in mm, by step in degrees and by share of the nominal range."""
    return {
        "nearest_view_mm": {f"{step:g}": nearest_view_error_mm(case, step) for step in (1.0, 2.0, 4.0)},
        "depth_scale_mm": {f"{share:g}": depth_scale_error_mm(case, share) for share in (1.02, 1.05, 1.1)},
        "canonical_pixel_mm": {"": case.atlas.view.field_mm / case.atlas.view.size_px},
    }


def _renderers(case: Case) -> dict[str, dict[str, float]]:
    """Return rays and samples per second of both renderers on one canonical view, and their ratio."""
    view, volume = case.atlas.view, case.volume
    pose = pose_from_canonical(np.eye(3), view_rotation(0.1, 0.1, view), np.array([0.0, 0.0, view.range_mm]), view)
    step = default_step_mm(volume)
    fast, slow = CpuRenderer(volume, step), ReferenceRenderer(volume, step)
    fast.render(view.camera, pose)
    seconds = {
        "cpu": _median_seconds(lambda: fast.render(view.camera, pose), 30),
        "reference": _median_seconds(lambda: slow.render(view.camera, pose), 3),
    }
    rays = view.size_px**2
    samples = _sample_count(volume, view.camera, pose, step)
    rates = {
        name: {"rays_per_s": rays / value, "samples_per_s": samples / value, "ms": 1e3 * value}
        for name, value in seconds.items()
    }
    rates["ratio"] = {"reference_over_cpu": seconds["reference"] / seconds["cpu"]}
    return rates


def _sample_count(volume: Volume, camera: Camera, pose: Mat44, step_mm: float) -> float:
    """Return how many samples of `step_mm` lie on the rays inside the volume's box: the work of one picture."""
    rays = ray_frame(volume, camera, pose)
    u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
    pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1)
    near, far = box_interval(
        rays.origin, np.asarray(pixels @ rays.index_from_pixel.T, np.float64), np.array(volume.values.shape) - 1.0
    )
    lengths_mm = (far - near) * np.linalg.norm(pixels @ rays.direction_from_pixel.T, axis=1)
    return float(np.ceil(lengths_mm / step_mm).sum())


def _median_seconds(work: Callable[[], Any], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def _percentiles(values: list[float]) -> dict[str, float]:
    return {"p50": float(np.percentile(values, 50)), "p99": float(np.percentile(values, 99))}
