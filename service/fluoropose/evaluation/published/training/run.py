"""All of a zone's training as published: points, pool, a regressor for each group, ONNX, golden pairs."""

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from fluoropose.arrays import Float64
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import FIELD_SHARE
from fluoropose.evaluation.published.bundle import GoldenPair, ZoneModels
from fluoropose.evaluation.published.comparison import AbstractComparison
from fluoropose.evaluation.published.hierarchy import ZoneRegressors
from fluoropose.evaluation.published.patches import PATCH_PX
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import PAPER_GROUPS, ParameterGroup, Variant, Zone
from fluoropose.evaluation.published.points import ZonePoints, choose_points, draw_poses
from fluoropose.evaluation.published.training.fit import FitPlan, GroupReport, fit_group, fit_linear
from fluoropose.evaluation.published.training.networks import LinearNet, PublishedNet, build_network
from fluoropose.evaluation.published.training.pairs import (
    PairPool,
    Samples,
    build_pool,
    render_references,
    sample_pairs,
)
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.train.appearance import apply_appearance, draw_appearance

__all__ = ["HeldOut", "TrainedZone", "ZoneTask", "draw_held_out", "export_network", "train_zone"]

_GLOBAL_PX = 104
"""Side of the whole-image residual: twice that of a patch."""

OPSET = 18

StageWatch = Callable[[str, int, int], None]
"""Called with (what is done and how well, done, total)."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedZone:
    """A zone's models, how its points came about, and how each group's training ended."""

    models: ZoneModels
    points: ZonePoints
    reports: dict[str, GroupReport]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """A picture with appearance (line integrals), its true six parameters and a start within the ranges."""

    picture: Float64
    truth: Float64
    start: Float64


@dataclass(frozen=True, slots=True, eq=False)
class ZoneTask:
    """What is to be trained: a zone of a case, the variant, the solver's plan, the comparison picture, the seed."""

    case: Case
    zone: Zone
    variant: Variant
    plan: FitPlan
    comparison: AbstractComparison
    seed: int = 0


def train_zone(
    task: ZoneTask,
    checkpoints: Path,
    *,
    threads: int = 1,
    watch: StageWatch = lambda what, done, total: None,
) -> TrainedZone:
    """Train every group of a zone; a run of the same task goes on from its checkpoints."""
    torch.set_num_threads(threads)
    case, plan = task.case, task.plan
    rng = np.random.default_rng([task.seed, task.zone.row + 100, task.zone.column + 100])
    points, size_px = _points(task, rng, watch)
    place = ZoneRegressors(points.points_mm, points.side_mm, size_px, {})
    poses = draw_poses(case, task.zone, plan.pool, rng)
    references = render_references(case, place, poses, task.comparison, lambda n, total: watch("DRR patches", n, total))
    models, golden, reports = {}, {}, {}
    for group in task.variant.groups:
        pool = build_pool(case, references, group, rng, lambda n, total: watch("X-ray pictures", n, total))
        net, reports[group.name] = _fit(task, group, pool, checkpoints, watch)
        sample = sample_pairs(pool, case, group, 1, np.random.default_rng([task.seed, 2]), plan.strength).residuals
        models[group.name] = export_network(net, sample.shape[1:])
        with torch.no_grad():
            update = net(torch.from_numpy(sample))[0].numpy().astype(np.float64)
        golden[group.name] = GoldenPair(sample[0], update)
    trained = ZoneModels(task.zone, points.points_mm, points.side_mm, size_px, models, golden)
    return TrainedZone(trained, points, reports)


def draw_held_out(case: Case, zone: Zone, count: int, rng: np.random.Generator, strength: float = 1.0) -> list[HeldOut]:
    """Return pictures of the training generator at new poses, with starts off by group 1's uniform ranges."""
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    ranges = np.array(PAPER_GROUPS[0].half_ranges)
    made = []
    for start in draw_poses(case, zone, count, rng):
        truth = start + rng.uniform(-1.0, 1.0, 6) * ranges
        lines = renderer.render(picture_camera(case, start), pose_from_six(truth, case.pose_frame))
        picture = apply_appearance(lines[None], draw_appearance(rng, 1, len(lines), strength))[0]
        made.append(HeldOut(picture, truth, start))
    return made


def export_network(net: PublishedNet, shape: tuple[int, ...]) -> bytes:
    """Return a regressor as ONNX: `residuals` (batch, n, size, size) to `update` (batch, outputs)."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "group.onnx"
        torch.onnx.export(
            net.eval(),
            (torch.zeros(1, *shape),),
            str(path),
            input_names=["residuals"],
            output_names=["update"],
            dynamic_axes={"residuals": {0: "batch"}, "update": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=True,
        )
        return path.read_bytes()


def _points(task: ZoneTask, rng: np.random.Generator, watch: StageWatch) -> tuple[ZonePoints, int]:
    """Return the zone's points and the patches' size in px; the whole picture is one patch about the centre."""
    case = task.case
    if task.variant.network == "global":
        return ZonePoints(case.pose_frame.centre_mm[None], FIELD_SHARE * case.size_mm, 0.0), _GLOBAL_PX
    chosen = choose_points(case, task.zone, rng, progress=lambda n, total: watch("choosing points", n, total))
    return chosen, PATCH_PX


def _fit(
    task: ZoneTask, group: ParameterGroup, pool: PairPool, checkpoints: Path, watch: StageWatch
) -> tuple[PublishedNet, GroupReport]:
    def draw(batch: int, rng: np.random.Generator) -> Samples:
        return sample_pairs(pool, task.case, group, batch, rng, task.plan.strength)

    def told(done: int, total: int, loss: float) -> None:
        watch(f"{group.name}, RMSE {np.sqrt(loss / len(group.parameters)):.3f}", done, total)

    _, points, size_px, _ = pool.drr.shape
    net = build_network(task.variant.network, points, size_px, group, task.seed)
    if isinstance(net, LinearNet):
        return net.eval(), fit_linear(net, group, draw, task.plan, task.seed)
    path = checkpoints / f"{task.zone.name}-{group.name}.pt"
    # Not the iterations: the rate does not depend on their number, so a run can be made longer.
    solver = replace(task.plan, iterations=0)
    identity = f"{task.case.digest} {task.variant.name} {task.zone} {solver} {task.seed} {points} {size_px}"
    return net, fit_group(net, group, draw, task.plan, path, identity=identity, seed=task.seed, watch=told)
