"""Fitting: it teaches, keeps to the paper's rate, resumes to the same weights."""

import numpy as np
import pytest
import torch

from fluoropose.errors import StorageError
from fluoropose.evaluation.published.plan import PAPER_GROUPS
from fluoropose.evaluation.published.training import fit as fit_module
from fluoropose.evaluation.published.training.fit import FitPlan, fit_group, fit_linear
from fluoropose.evaluation.published.training.networks import build_network
from fluoropose.evaluation.published.training.pairs import Samples

IN_PLANE, OUT_OF_PLANE, DEPTH = PAPER_GROUPS


def bright_spot(batch, rng):
    """Two patches whose brightness tells the error: anything can learn it."""
    errors = rng.uniform(-1.0, 1.0, (batch, 6)) * np.array(OUT_OF_PLANE.half_ranges)
    noise = rng.normal(size=(batch, 2, 52, 52)) * 0.1
    sides = np.where(np.arange(52) < 26, 1.0, -1.0)
    return Samples((noise + errors[:, 4:, None, None] / 15.0 * sides).astype(np.float32), errors)


BRIEF = FitPlan(iterations=12, pool=2, batch=16, checkpoint_every=3)


def test_training_teaches(tmp_path):
    net = build_network("local", 2, 52, OUT_OF_PLANE, 0)
    losses = []
    fit_group(
        net, OUT_OF_PLANE, bright_spot, BRIEF, tmp_path / "a.pt", identity="a", seed=0,
        watch=lambda done, total, loss: losses.append(loss),
    )  # fmt: skip
    assert losses[-1] < 0.7 * losses[0]


def test_linear_regression_finds_a_linear_answer():
    net = build_network("linear", 2, 52, OUT_OF_PLANE, 0)
    report = fit_linear(net, OUT_OF_PLANE, bright_spot, FitPlan(iterations=20, batch=16), 0)
    assert max(report.rmse) < 1.5
    sample = bright_spot(50, np.random.default_rng(9))
    with torch.no_grad():
        wrong = net(torch.from_numpy(sample.residuals)).numpy() - sample.errors[:, 4:]
    assert np.sqrt((wrong**2).mean()) < 1.5


def test_the_rate_is_the_papers():
    assert FitPlan().rate_at(0) == 0.0025
    assert FitPlan().rate_at(10_000) == pytest.approx(0.0025 * 2**-0.75)
    assert (FitPlan().batch, FitPlan().momentum, FitPlan().weight_decay) == (64, 0.9, 1e-4)
    assert FitPlan().iterations == fit_module.PAPER_ITERATIONS == 12_500


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path):
    def run(path, watch=lambda done, total, loss: None):
        net = build_network("local", 2, 52, OUT_OF_PLANE, 0)
        plan = FitPlan(iterations=6, pool=2, batch=8, checkpoint_every=3)
        fit_group(net, OUT_OF_PLANE, bright_spot, plan, path, identity="x", seed=0, watch=watch)
        return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])

    def interrupt(done, total, loss):
        if done == 4:
            raise KeyboardInterrupt

    whole = run(tmp_path / "a.pt")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b.pt", interrupt)
    seen = []
    resumed = run(tmp_path / "b.pt", lambda done, total, loss: seen.append(done))
    assert seen == [4, 5, 6]
    torch.testing.assert_close(resumed, whole, rtol=1e-3, atol=1e-5)


def test_a_disk_that_refuses_the_checkpoint_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    net = build_network("linear", 2, 52, OUT_OF_PLANE, 0)
    with pytest.raises(StorageError, match="checkpoint"):
        fit_group(
            net, OUT_OF_PLANE, bright_spot, FitPlan(iterations=1, batch=8), tmp_path / "file" / "c.pt",
            identity="x", seed=0,
        )  # fmt: skip
