"""`paper measure` and `paper table2`: PEHL as published on the simulator and on held-out training-type data."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from fluoropose.arrays import Float64, Mat44
from fluoropose.cli.console import progress_bar
from fluoropose.drr.case import Case
from fluoropose.errors import InputError
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.summary import Trial, machine_name, summary
from fluoropose.evaluation.published.bundle import PublishedBundle, opened_zones
from fluoropose.evaluation.published.bundle_files import load_paper_bundle
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import PublishedRegression, register_sweeps
from fluoropose.evaluation.published.method import PublishedMethod
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import Zone
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trained_bundle import case_scene
from fluoropose.evaluation.trials import Truth
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device
from fluoropose.simulate.run import simulate_frame

__all__ = ["MeasurePlan", "measure_paper", "paper_method", "rmse_per_parameter", "rmse_table", "sweeps_table"]

_PAPER_TABLE2 = {
    "the paper, start": (0.86, 0.86, 8.65, 1.71, 8.66, 8.66),
    "the paper, PEHL": (0.04, 0.04, 0.32, 0.06, 0.18, 0.18),
}
"""Table II (probe), on training data: mm, mm, mm, degrees."""

_PARAMETERS = ("t_x mm", "t_y mm", "t_z mm", "t_theta deg", "t_alpha deg", "t_beta deg")


@dataclass(frozen=True, slots=True)
class MeasurePlan:
    """Scenes, the sweeps reported, comparison pictures, and how many starts and frames a scene has."""

    seeds: tuple[int, ...]
    sweeps: tuple[int, ...]
    comparisons: tuple[str, ...]
    starts: int
    frames: int


def paper_method(case: Case, bundle: PublishedBundle, comparison: str = "exact", sweeps: int = 3) -> PublishedMethod:
    """Return the method on ONNX Runtime's CPU, one thread."""
    device = open_device("cpu", 1)
    return PublishedMethod(
        case, bundle, lambda model: OrtRegressor(model, device), time.perf_counter_ns,
        comparison=comparison, sweeps=sweeps,
    )  # fmt: skip


def measure_paper(case: Case, folders: list[Path], plan: MeasurePlan) -> dict[str, Any]:
    """Return the figures of every model and comparison after each reported sweep, all from the same starts."""
    bundles = [load_paper_bundle(folder) for folder in folders]
    zone = bundles[0].zones[0].zone
    arms = {
        f"{bundle.name}, {comparison}": paper_method(case, bundle, comparison, max(plan.sweeps))
        for bundle in bundles
        for comparison in plan.comparisons
    }
    trials: dict[str, dict[int, list[Trial]]] = {name: {k: [] for k in plan.sweeps} for name in arms}
    with progress_bar("measuring") as report:
        done = 0
        for camera, truth, start in _cases(case, zone, plan):
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


def rmse_per_parameter(
    case: Case, folders: list[Path], comparisons: list[str], count: int, sweeps: int, seed: int
) -> dict[str, Any]:
    """Return the RMSE (6,) of the start and of each model after `sweeps`, on the first model's first zone."""
    try:
        from fluoropose.evaluation.published.training.run import held_out
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the training extra, got no module {error.name}: pip install 'fluoropose[train]'"
        ) from error
    bundles = [load_paper_bundle(folder) for folder in folders]
    zone = bundles[0].zones[0].zone
    # Another stream than training's, whose second number is a zone's row.
    samples = held_out(case, zone, count, np.random.default_rng([seed, 9, 9, 9]))
    device = open_device("cpu", 1)
    wrong: dict[str, list[Float64]] = {"start": [sample.start - sample.truth for sample in samples]}
    with progress_bar("registering") as report:
        for bundle, comparison in itertools.product(bundles, comparisons):
            zones = opened_zones(bundle, lambda model: OrtRegressor(model, device))
            shown = comparison_named(comparison, case)
            regression = PublishedRegression(case.pose_frame, shown, zones, bundle.variant.groups)
            errors = wrong.setdefault(f"{bundle.name}, {comparison}", [])
            for n, sample in enumerate(samples):
                camera = picture_camera(case, sample.start)
                found = register_sweeps(sample.picture, camera, sample.start, regression, sweeps)
                errors.append(found[-1] - sample.truth)
                report(n + 1, count, bundle.name)
    rmse = {name: np.sqrt(np.mean(np.square(errors), axis=0)).tolist() for name, errors in wrong.items()}
    return {"zone": zone.name, "count": count, "sweeps": sweeps, "seed": seed, "rmse": rmse}


def sweeps_table(figures: dict[str, Any]) -> Table:
    """Return one row per model, comparison and sweep."""
    table = Table(title="paper profile (medians / 90th percentiles)")
    for title in (
        "model, comparison",
        "sweeps",
        "trials",
        "success",
        "mTREproj, % of size",
        "3-D mTRE, mm",
        "depth, mm",
    ):
        table.add_column(title)
    for name, by_sweep in figures["figures"].items():
        for sweep, facts in by_sweep.items():
            share = 100.0 / facts["size_mm"]
            proj = f"{share * facts['mtre_proj_mm']['p50']:.2f} / {share * facts['mtre_proj_mm']['p90']:.2f}"
            table.add_row(
                name, sweep, str(facts["trials"]), f"{100 * facts['success_rate']:.1f} %", proj,
                *(f"{facts[key]['p50']:.2f} / {facts[key]['p90']:.2f}" for key in ("mtre_mm", "depth_mm")),
            )  # fmt: skip
    return table


def rmse_table(figures: dict[str, Any]) -> Table:
    """Return Table II with the paper's figures under ours."""
    table = Table(title=f"RMSE on {figures['count']} held-out pictures of training type, {figures['sweeps']} sweeps")
    table.add_column("")
    for title in _PARAMETERS:
        table.add_column(title, justify="right")
    for name, values in {**figures["rmse"], **_PAPER_TABLE2}.items():
        table.add_row(name, *(f"{value:.2f}" for value in values))
    return table


def _cases(case: Case, zone: Zone, plan: MeasurePlan) -> Iterator[tuple[Camera, Truth, Mat44]]:
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
