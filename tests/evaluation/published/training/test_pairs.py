"""Samples show the errors they name, drawn from the groups' ranges."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import ZoneRegressors
from fluoropose.evaluation.published.patches import crop, in_patch_axes, local_residual
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import PAPER_GROUPS
from fluoropose.evaluation.published.training import pairs
from fluoropose.evaluation.published.training.pairs import build_pool, render_references, sample_pairs
from fluoropose.geometry.pose6 import pose_from_six

IN_PLANE, OUT_OF_PLANE, DEPTH = PAPER_GROUPS
POSES = np.array([[3.0, -4.0, 880.0, 150.0, 4.0, -6.0], [-6.0, 2.0, 930.0, -40.0, -3.0, 5.0]])


@pytest.fixture(scope="module")
def zone(small_case):
    points = small_case.corners_mm.mean(axis=0) + np.random.default_rng(4).uniform(-9.0, 9.0, (5, 3))
    return ZoneRegressors(points, 9.0, 52, {})


@pytest.fixture(scope="module")
def references(small_case, zone):
    return render_references(small_case, zone, POSES, comparison_named("exact", small_case))


def test_a_sample_shows_the_error_it_names(small_case, zone, references, monkeypatch):
    """Without appearance, a sample is the residual against an X-ray rendered at t + dt; in-plane parts are warps of it."""
    monkeypatch.setattr(pairs, "apply_appearance", lambda pictures, draws: pictures)
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
