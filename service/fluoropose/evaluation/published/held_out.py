"""`evaluate published table2`: the RMSE of each parameter on held-out data of training type, as Table II has it."""

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.drr.case import Case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.extras import require_extra
from fluoropose.evaluation.published.bundle import open_zones
from fluoropose.evaluation.published.bundle_files import load_published_bundle
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import PublishedRegression, register_sweeps
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device

__all__ = ["HeldOutPlan", "TABLE_2", "measure_rmse"]

TABLE_2 = {
    "the paper, start": (0.86, 0.86, 8.65, 1.71, 8.66, 8.66),
    "the paper, PEHL": (0.04, 0.04, 0.32, 0.06, 0.18, 0.18),
}
"""Table II of the paper (probe), on training data: t_x, t_y, t_z in mm, t_theta, t_alpha, t_beta in degrees."""


@dataclass(frozen=True, slots=True)
class HeldOutPlan:
    """How many pictures are drawn from `seed`, and after how many sweeps the errors are taken."""

    count: int
    sweeps: int
    seed: int


def measure_rmse(
    case: Case, folders: list[Path], comparisons: list[str], plan: HeldOutPlan, environment: Environment
) -> dict[str, Any]:
    """Return the RMSE (6,) of the start and of each model after the plan's sweeps, on the first model's first zone."""
    with require_extra("train"):
        from fluoropose.evaluation.published.training.run import draw_held_out
    bundles = [load_published_bundle(folder) for folder in folders]
    zone = bundles[0].zones[0].zone
    # Another stream than training's, whose second number is a zone's row.
    samples = draw_held_out(case, zone, plan.count, np.random.default_rng([plan.seed, 9, 9, 9]))
    device = open_device("cpu", 1)
    wrong: dict[str, list[Float64]] = {"start": [sample.start - sample.truth for sample in samples]}
    with environment.progress("registering") as report:
        for bundle, comparison in itertools.product(bundles, comparisons):
            zones = open_zones(bundle, lambda model: OrtRegressor(model, device))
            shown = comparison_named(comparison, case)
            regression = PublishedRegression(case.pose_frame, shown, zones, bundle.variant.groups)
            errors = wrong.setdefault(f"{bundle.name}, {comparison}", [])
            for n, sample in enumerate(samples):
                camera = picture_camera(case, sample.start)
                found = register_sweeps(sample.picture, camera, sample.start, regression, plan.sweeps)
                errors.append(found[-1] - sample.truth)
                report(n + 1, plan.count, bundle.name)
    rmse = {name: np.sqrt(np.mean(np.square(errors), axis=0)).tolist() for name, errors in wrong.items()}
    return {"zone": zone.name, **asdict(plan), "rmse": rmse}
