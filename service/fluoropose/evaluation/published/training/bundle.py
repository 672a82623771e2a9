"""`evaluate published train`: zones of PEHL as published for a case, trained, exported, checked, stored."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.extras import require_extra
from fluoropose.evaluation.progress import ProgressReport
from fluoropose.evaluation.published.bundle import PublishedBundle, open_zones
from fluoropose.evaluation.published.bundle_files import store_published_bundle
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.plan import WHOLE, Variant, Zone, variant_named
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device, version

__all__ = ["PublishedTrainPlan", "train_published"]


@dataclass(frozen=True, slots=True)
class PublishedTrainPlan:
    """The command's options, by default the paper's; `zones` as "row,column"."""

    zones: tuple[str, ...] = ("0,0",)
    variant: str = "paper"
    comparison: str = "exact"
    iterations: int = 12_500
    pool: int = 25_000
    seed: int = 0


def train_published(case: Case, folder: Path, plan: PublishedTrainPlan, environment: Environment) -> PublishedBundle:
    """Train all zones and store the bundle.

    Checkpoints stay in `<folder>.checkpoints`, so that a later call with more iterations goes on from them.
    """
    with require_extra("train"):
        from fluoropose.evaluation.published.training.fit import FitPlan
        from fluoropose.evaluation.published.training.run import ZoneTask, train_zone
    variant = variant_named(plan.variant)
    comparison = comparison_named(plan.comparison, case)
    zones = _zones(plan.zones, variant, case)
    fit = FitPlan(iterations=plan.iterations, pool=plan.pool)
    checkpoints = folder.with_name(folder.name + ".checkpoints")
    trained = []
    for zone in zones:
        with environment.progress(f"{case.name} {zone.name}") as report:

            def watch(what: str, done: int, total: int, report: ProgressReport = report) -> None:
                report(done, total, what)

            task = ZoneTask(case, zone, variant, fit, comparison, plan.seed)
            trained.append(train_zone(task, checkpoints, threads=environment.cores, watch=watch))
    facts = {
        "training": {
            **asdict(plan),
            "cores": environment.cores,
            "batch": fit.batch,
            "rate": fit.rate,
            "momentum": fit.momentum,
        },
        "onnxruntime": version(),
        "groups_rmse": {
            item.models.zone.name: {name: list(report.rmse) for name, report in item.reports.items()}
            for item in trained
        },
        "explained_share": {item.models.zone.name: item.points.explained_share for item in trained},
    }
    bundle = PublishedBundle(folder.name, case.digest, variant, tuple(item.models for item in trained), facts)
    device = open_device("cpu", 1)
    open_zones(bundle, lambda model: OrtRegressor(model, device))
    store_published_bundle(folder, bundle)
    return bundle


def _zones(texts: tuple[str, ...], variant: Variant, case: Case) -> list[Zone]:
    if not variant.zoned:
        return [WHOLE]
    zones = []
    for text in texts:
        try:
            row, column = (int(part) for part in text.split(","))
        except ValueError as error:
            raise InputError(f"expected --zone ROW,COLUMN of whole numbers, got {text!r}") from error
        zone = Zone(row, column)
        if np.abs(zone.centre_deg).max() > case.atlas.grid.half_range_deg:
            raise InputError(
                f"expected a zone centred within {case.atlas.grid.half_range_deg:g} degrees, got {zone.centre_deg}"
            )
        zones.append(zone)
    return zones
