"""A zone's training: exports that agree with torch, runs that are made longer, held-out pictures."""

import numpy as np
import pytest
import torch

from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.plan import PAPER_GROUPS, VARIANTS, WHOLE, Zone
from fluoropose.evaluation.published.training.fit import FitPlan
from fluoropose.evaluation.published.training.networks import build_network
from fluoropose.evaluation.published.training.run import ZoneTask, draw_held_out, export_network, train_zone
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device

IN_PLANE, OUT_OF_PLANE, DEPTH = PAPER_GROUPS


@pytest.mark.parametrize("kind, size", [("local", 52), ("global", 104), ("linear", 52)])
def test_onnx_gives_what_torch_gives(kind, size, rng):
    points = 1 if kind == "global" else 18
    net = build_network(kind, points, size, IN_PLANE, 3).eval()
    residual = rng.normal(size=(points, size, size)).astype(np.float32)
    found = OrtRegressor(export_network(net, residual.shape), open_device("cpu", 1))(residual)
    with torch.no_grad():
        np.testing.assert_allclose(found, net(torch.from_numpy(residual)[None])[0].numpy(), atol=1e-4)


def test_a_finished_run_can_be_made_longer(small_case, tmp_path):
    seen = []
    for iterations in (2, 3):
        plan = FitPlan(iterations=iterations, pool=3, batch=8)
        task = ZoneTask(small_case, WHOLE, VARIANTS["no-psp"], plan, comparison_named("atlas", small_case))
        trained = train_zone(task, tmp_path, watch=lambda what, done, total: seen.append((what.split(",")[0], done)))
        assert all(report.iterations == iterations for report in trained.reports.values())
    steps = [done for what, done in seen if what == "depth"]
    assert steps == [1, 2, 3]


def test_held_out_pictures_start_within_the_first_groups_ranges(small_case):
    samples = draw_held_out(small_case, Zone(0, 0), 4, np.random.default_rng(1))
    for sample in samples:
        assert np.isfinite(sample.picture).all()
        assert (np.abs(sample.truth - sample.start) <= IN_PLANE.half_ranges).all()
        assert Zone(0, 0).contains(*sample.start[4:])
