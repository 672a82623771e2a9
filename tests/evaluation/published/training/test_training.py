"""Training as published: the paper's network, right samples, runs that resume, exports that agree."""

import numpy as np
import pytest
import torch

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError, StorageError
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import ZoneRegressors
from fluoropose.evaluation.published.numpy_net import local_network
from fluoropose.evaluation.published.patches import crop, in_patch_axes, local_residual
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import PAPER_GROUPS, VARIANTS, WHOLE, Zone
from fluoropose.evaluation.published.training import fit as fit_module
from fluoropose.evaluation.published.training import pairs
from fluoropose.evaluation.published.training.fit import FitPlan, fit_group, fit_linear
from fluoropose.evaluation.published.training.networks import build_network, weight_count
from fluoropose.evaluation.published.training.pairs import Samples, build_pool, render_references, sample_pairs
from fluoropose.evaluation.published.training.run import ZoneTask, draw_held_out, export_network, train_zone
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device

IN_PLANE, OUT_OF_PLANE, DEPTH = PAPER_GROUPS
POSES = np.array([[3.0, -4.0, 880.0, 150.0, 4.0, -6.0], [-6.0, 2.0, 930.0, -40.0, -3.0, 5.0]])


@pytest.fixture(scope="module")
def zone(small_case):
    points = small_case.corners_mm.mean(axis=0) + np.random.default_rng(4).uniform(-9.0, 9.0, (5, 3))
    return ZoneRegressors(points, 9.0, 52, {})


@pytest.fixture(scope="module")
def references(small_case, zone):
    return render_references(small_case, zone, POSES, comparison_named("exact", small_case))


def test_the_network_has_the_papers_weights():
    for group in PAPER_GROUPS:
        net = build_network("local", 18, 52, group, 0)
        assert weight_count(net) == 660_500
        assert net.output.weight.numel() == 250 * len(group.parameters)


@pytest.mark.parametrize("kind, size", [("local", 52), ("global", 104), ("linear", 52)])
def test_onnx_gives_what_torch_gives(kind, size, rng):
    points = 1 if kind == "global" else 18
    net = build_network(kind, points, size, IN_PLANE, 3).eval()
    residual = rng.normal(size=(points, size, size)).astype(np.float32)
    found = OrtRegressor(export_network(net, residual.shape), open_device("cpu", 1))(residual)
    with torch.no_grad():
        np.testing.assert_allclose(found, net(torch.from_numpy(residual)[None])[0].numpy(), atol=1e-4)


def test_the_numpy_twin_gives_what_onnx_gives(rng):
    net = build_network("local", 18, 52, DEPTH, 5).eval()
    residual = rng.normal(size=(18, 52, 52)).astype(np.float32)
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    found = OrtRegressor(export_network(net, residual.shape), open_device("cpu", 1))(residual)
    np.testing.assert_allclose(found, local_network(weights, residual), atol=1e-3)


def test_a_sample_shows_the_error_it_names(small_case, zone, references, monkeypatch):
    """Undressed, a sample is the residual against an X-ray rendered at t + dt; in-plane parts are warps of it."""
    monkeypatch.setattr(pairs, "dress", lambda pictures, draws: pictures)
    pool = build_pool(small_case, references, IN_PLANE, np.random.default_rng(6))
    samples = sample_pairs(pool, small_case, IN_PLANE, 6, np.random.default_rng(7))
    renderer = CpuRenderer(small_case.volume, 0.7)
    chosen = np.random.default_rng(7).integers(2, size=6)
    for n, index in enumerate(chosen):
        six = POSES[index]
        camera = picture_camera(small_case, six)

        def residual(error, six=six, camera=camera, index=index):
            truth = six + in_patch_axes(error, -six[3])
            shown = renderer.render(camera, pose_from_six(truth, small_case.pose_frame))
            xray = crop(shown, camera.intrinsic_matrix @ pool.rays[index], 52)
            return local_residual(pool.drr[index].astype(np.float32), xray)

        right = np.abs(samples.residuals[n] - residual(samples.errors[n])).mean()
        for part in (0, 1, 3):
            wrong = samples.errors[n].copy()
            wrong[part] += 0.4 * IN_PLANE.half_ranges[part]
            assert right < 0.6 * np.abs(samples.residuals[n] - residual(wrong)).mean()


def test_errors_are_drawn_from_the_groups_ranges(small_case, references):
    pool = build_pool(small_case, references, DEPTH, np.random.default_rng(6))
    errors = sample_pairs(pool, small_case, DEPTH, 16, np.random.default_rng(8)).errors
    assert (np.abs(errors) <= DEPTH.half_ranges).all()
    assert np.abs(errors[:, 0]).max() > 0.05


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


def test_a_finished_run_can_be_made_longer(small_case, tmp_path):
    seen = []
    for iterations in (2, 3):
        plan = FitPlan(iterations=iterations, pool=3, batch=8)
        task = ZoneTask(small_case, WHOLE, VARIANTS["no-psp"], plan, comparison_named("atlas", small_case))
        trained = train_zone(task, tmp_path, watch=lambda what, done, total: seen.append((what.split(",")[0], done)))
        assert all(report.iterations == iterations for report in trained.reports.values())
    steps = [done for what, done in seen if what == "depth"]
    assert steps == [1, 2, 3]


def test_a_disk_that_refuses_the_checkpoint_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    net = build_network("linear", 2, 52, OUT_OF_PLANE, 0)
    with pytest.raises(StorageError, match="checkpoint"):
        fit_group(
            net, OUT_OF_PLANE, bright_spot, FitPlan(iterations=1, batch=8), tmp_path / "file" / "c.pt",
            identity="x", seed=0,
        )  # fmt: skip


def test_draw_held_out_pictures_start_within_the_first_groups_ranges(small_case):
    samples = draw_held_out(small_case, Zone(0, 0), 4, np.random.default_rng(1))
    for sample in samples:
        assert np.isfinite(sample.picture).all()
        assert (np.abs(sample.truth - sample.start) <= IN_PLANE.half_ranges).all()
        assert Zone(0, 0).contains(*sample.start[4:])


def test_unknown_networks_are_named():
    with pytest.raises(InputError, match="local, linear, global, got 'deep'"):
        build_network("deep", 2, 52, DEPTH, 0)


def test_every_variant_has_all_parameters():
    for variant in VARIANTS.values():
        assert sorted(n for group in variant.groups for n in group.parameters) == list(range(6))
