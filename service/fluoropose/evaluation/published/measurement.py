"""`evaluate published measure`: PEHL as published on frames of the independent simulator."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.drr.case import Case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.summary import Trial, machine_name, summary
from fluoropose.evaluation.published.bundle import PublishedBundle
from fluoropose.evaluation.published.bundle_files import load_published_bundle
from fluoropose.evaluation.published.method import PublishedMethod
from fluoropose.evaluation.published.plan import Zone
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trials import Truth
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device
from fluoropose.simulate.run import simulate_frame
from fluoropose.simulate.scenes import case_scene

__all__ = ["MeasurePlan", "measure_published", "published_method"]


@dataclass(frozen=True, slots=True)
class MeasurePlan:
    """Scenes, the sweeps reported, comparison pictures, and how many starts and frames a scene has."""

    seeds: tuple[int, ...]
    sweeps: tuple[int, ...]
    comparisons: tuple[str, ...]
    starts: int
    frames: int


def published_method(
    case: Case, bundle: PublishedBundle, comparison: str = "exact", sweeps: int = 3
) -> PublishedMethod:
    """Return the method on ONNX Runtime's CPU, one thread."""
    device = open_device("cpu", 1)
    return PublishedMethod(
        case, bundle, lambda model: OrtRegressor(model, device), time.perf_counter_ns,
        comparison=comparison, sweeps=sweeps,
    )  # fmt: skip


def measure_published(case: Case, folders: list[Path], plan: MeasurePlan, environment: Environment) -> dict[str, Any]:
    """Return the figures of every model and comparison after each reported sweep, all from the same starts."""
    bundles = [load_published_bundle(folder) for folder in folders]
    zone = bundles[0].zones[0].zone
    arms = {
        f"{bundle.name}, {comparison}": published_method(case, bundle, comparison, max(plan.sweeps))
        for bundle in bundles
        for comparison in plan.comparisons
    }
    trials: dict[str, dict[int, list[Trial]]] = {name: {k: [] for k in plan.sweeps} for name in arms}
    with environment.progress("measuring") as report:
        done = 0
        for camera, truth, start in _draw_starts(case, zone, plan):
            for name, method in arms.items():
                for sweep, trial in _track(method, case, camera, truth, start, plan.sweeps).items():
                    trials[name][sweep].append(trial)
            done += 1
            report(done, plan.starts * len(plan.seeds))
    return {
        "zone": zone.name,
        "seeds": list(plan.seeds),
        "figures": {
            name: {str(k): summary(case.name, case.size_mm, some, machine_name()) for k, some in by_sweep.items()}
            for name, by_sweep in trials.items()
        },
    }


def _draw_starts(case: Case, zone: Zone, plan: MeasurePlan) -> Iterator[tuple[Camera, Truth, Mat44]]:
    """Give (camera, truth, start) with truths and starts in the zone, starts from the paper's distribution."""
    for seed in plan.seeds:
        scene, motion, anatomy_motion = case_scene(case, seed)
        truths: list[Truth] = []
        for second in itertools.count():
            six = motion.evaluate(float(second))
            if zone.contains(six[4], six[5]):
                rng = np.random.default_rng([seed + 1, second])
                pixels = simulate_frame(scene, six, anatomy_motion.evaluate(float(second)), rng)
                truths.append(Truth(pixels, pose_from_six(six, scene.frame)))
            if len(truths) == plan.frames:
                break
        for n in range(plan.starts):
            truth = truths[n % len(truths)]
            yield scene.camera, truth, _start(truth.camera_from_volume, case, zone, np.random.default_rng([seed, n]))


def _start(truth: Mat44, case: Case, zone: Zone, rng: np.random.Generator) -> Mat44:
    while True:
        start = perturb(truth, case.pose_frame, rng)
        six = six_from_pose(start, case.pose_frame)
        if zone.contains(six[4], six[5]):
            return start


def _track(
    method: PublishedMethod, case: Case, camera: Camera, truth: Truth, start: Mat44, sweeps: tuple[int, ...]
) -> dict[int, Trial]:
    began = time.perf_counter_ns()
    track = method.track(truth.pixels, camera, start)
    per_sweep_ms = (time.perf_counter_ns() - began) / 1e6 / (len(track) - 1)
    first = pose_error(start, truth.camera_from_volume, case.corners_mm)
    return {
        sweep: Trial(
            first,
            pose_error(pose_from_six(track[sweep], case.pose_frame), truth.camera_from_volume, case.corners_mm),
            "TRACKING",
            1.0,
            {"sweep": per_sweep_ms},
        )
        for sweep in sweeps
    }
