"""`bench speed`: how fast this machine renders and registers; medians and 99th percentiles. ms."""

import time
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.drr.atlas_error import depth_scale_error_mm, nearest_view_error_mm
from fluoropose.drr.case import Case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_frame, register_views
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.renderer_rates import measure_renderers
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.two_views import PairPlan, simulate_rig
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import version
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = ["measure_speed"]


def measure_speed(resident: ResidentCase, runs: int, seed: int, environment: Environment) -> dict[str, Any]:
    """Return renderer rates and registration times of one resident case."""
    stages, tracking = _measure_one_view(resident, runs, seed, environment)
    return {
        "object": resident.case.name,
        "device": resident.device_label,
        "threads": environment.threads,
        "runs": runs,
        "onnxruntime": version(),
        "gpus": [gpu.name for gpu in list_gpus()],
        "machine": machine_name(),
        "renderers": measure_renderers(resident.case),
        "registration_ms": {stage: _percentiles(values) for stage, values in stages.items()},
        "tracking_ms": {"total": _percentiles(tracking)},
        "two_views_ms": _measure_two_views(resident, runs, seed, environment),
        "atlas": {"views": len(resident.case.atlas.views), "bytes": int(resident.case.atlas.pictures.nbytes)},
        "atlas_error": _atlas_error(resident.case),
    }


def _measure_one_view(
    resident: ResidentCase, runs: int, seed: int, environment: Environment
) -> tuple[dict[str, list[float]], list[float]]:
    """Return the times of each stage from rough starts, and whole times from the truth as in tracking."""
    scene, truths = simulate_truths(resident.case, 10, 1.0, seed, environment)
    rng = np.random.default_rng(seed)
    stages: dict[str, list[float]] = {}
    tracking: list[float] = []
    with environment.progress("registering") as report:
        for n in range(runs):
            truth = truths[n % len(truths)]
            start = perturb(truth.camera_from_volume, resident.case.pose_frame, rng)
            for nearby in (False, True):
                pose = truth.camera_from_volume if nearby else start
                found = register_frame(resident, truth.pixels, scene.camera, Plan(pose, nearby))
                if nearby:
                    tracking.append(found.timing_ms["total"])
                else:
                    for stage, value in found.timing_ms.items():
                        stages.setdefault(stage, []).append(value)
            report(n + 1, runs)
    return stages, tracking


def _measure_two_views(resident: ResidentCase, runs: int, seed: int, environment: Environment) -> dict[str, Any]:
    """Return times of two views 60 degrees apart beside one alone, in turns: from rough starts and tracking. ms.

    `ratio` is that of the medians, of the clock and of this process's CPU time, which other load disturbs less.
    """
    case = resident.case
    rig = simulate_rig(case, 60.0, PairPlan((60.0,), (0.0,), (), runs, 4, seed), environment)
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
                found = register_views(resident, given, Plan(start, nearby=kind == "tracking"))
                spent = 1e3 * (time.process_time() - began)
                times.setdefault(kind, {}).setdefault(name, []).append((found.timing_ms["total"], spent))
    return {kind: _compare(np.array(parts["one"]), np.array(parts["two"])) for kind, parts in times.items()}


def _compare(one: Float64, two: Float64) -> dict[str, Any]:
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


def _percentiles(values: list[float]) -> dict[str, float]:
    return {"p50": float(np.percentile(values, 50)), "p99": float(np.percentile(values, 99))}
