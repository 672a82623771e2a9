"""The whole window's correlation: compiled and plain agree, a step makes it larger, and it says the same however bright."""

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.filters import blur
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.registration.refinement.costs.gradient_correlation import cached_window_view, window_around
from fluoropose.registration.regression.residual import align_view, residual_from_grid, residual_to_pose
from fluoropose.similarity.edge_equations import Turn, edge_equations, edge_equations_twin
from fluoropose.similarity.gradient import gradient_correlation, gradients
from fluoropose.similarity.gradient_correlation_equations import (
    WindowView,
    correlation_equations,
    correlation_equations_twin,
    window_correlation,
)
from fluoropose.similarity.gradient_correlation_kernels import HALO, TAPS
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 20.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.5, 0.5, -0.5])


@pytest.fixture
def camera():
    return fine_camera()


@pytest.fixture
def frame(small_case, camera, rng):
    return shot(small_case, camera, pose_from_six(RIGHT, small_case.pose_frame), rng, hardened=False)


def window_at(case, camera, frame, six):
    """Return the smoothed window of a frame about a pose, its camera, its alignment, and what is rendered there."""
    pose, renderer = pose_from_six(six, case.pose_frame), PlaneRenderer(case.volume)
    exposure = Exposure(frame, camera, PixelMeaning.LINE_INTEGRAL)
    window = window_around(exposure, case.corners_mm, pose, case.atlas)
    current = align_view(pose, window.camera, case.atlas)
    turns = cached_window_view(current, window.camera, case.atlas).turns
    view = WindowView(renderer.render(window.camera, pose), turns, current.frame_from_canonical_px)
    return window.frame, window.camera, current, view


def test_compiled_and_plain_agree(small_case, camera, frame):
    window, _, _, view = window_at(small_case, camera, frame, RIGHT + OFF)
    fast, slow = (
        solve(window, view, small_case.atlas.view, 0.07)
        for solve in (correlation_equations, correlation_equations_twin)
    )
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=2e-4
    )
    np.testing.assert_allclose(fast.vector / scale, slow.vector / scale, atol=2e-3 * np.abs(slow.vector / scale).max())
    assert abs(fast.correlation - slow.correlation) < 1e-4
    assert abs(window_correlation(window, view.lines, 0.07) - slow.correlation) < 1e-4


def test_it_is_the_gradient_correlation_that_a_search_maximises(small_case, camera, frame):
    window, _, _, view = window_at(small_case, camera, frame, RIGHT)
    picture = np.random.default_rng(5).random(window.shape).astype(np.float32)
    found = correlation_equations(blur(picture, TAPS), view, small_case.atlas.view, 0.05)
    inside = (slice(HALO, -HALO), slice(HALO, -HALO))
    seen, shown = (
        tuple(slope[inside] for slope in gradients(image, 1.0))
        for image in (picture, -np.log(np.exp(-view.lines) + 0.05))
    )
    assert abs(found.correlation - gradient_correlation(seen, shown)) < 1e-3


def test_brightness_and_contrast_are_no_matter(small_case, camera, frame):
    window, _, _, view = window_at(small_case, camera, frame, RIGHT + OFF)
    first, second = (
        correlation_equations(shown, view, small_case.atlas.view, 0.1) for shown in (window, 0.3 * window + 2.0)
    )
    assert abs(first.correlation - second.correlation) < 1e-4
    np.testing.assert_allclose(
        np.linalg.solve(first.information, first.vector),
        np.linalg.solve(second.information, second.vector),
        rtol=1e-2,
        atol=1e-3,
    )


def test_a_frame_of_nothing_asks_for_nothing(small_case, camera):
    empty = np.zeros((192, 192), np.float32)
    window, _, _, view = window_at(small_case, camera, empty, RIGHT)
    found = correlation_equations(window, view, small_case.atlas.view, 0.1)
    assert found.correlation == 0.0
    assert not found.vector.any()
    assert np.isfinite(found.information).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_step_leads_to_the_right_pose(small_case, camera, frame, sign):
    window, _, current, view = window_at(small_case, camera, frame, RIGHT + sign * OFF)
    found = correlation_equations(window, view, small_case.atlas.view, 0.1)
    back = residual_from_grid(current)
    step = np.linalg.solve(back @ found.information @ back.T, back @ found.vector)
    before = residual_to_pose(pose_from_six(RIGHT, small_case.pose_frame), current, small_case.atlas)
    before = before - current.view_residual
    after = before - step
    assert np.linalg.norm(after[:2]) < 0.3 * np.linalg.norm(before[:2])
    assert abs(after[2]) < 0.4 * abs(before[2])
    assert np.linalg.norm(after[3:]) < 0.5 * np.linalg.norm(before[3:])


def test_the_edges_tell_their_windows_correlation(small_case, camera, frame):
    current = align_view(pose_from_six(RIGHT, small_case.pose_frame), camera, small_case.atlas)
    views = small_case.atlas.line_integrals(*current.view_indices)
    view, step_rad = small_case.atlas.view, np.deg2rad(small_case.atlas.grid.step_deg)
    alpha, beta = current.view_residual[4:] / step_rad
    turn = Turn(alpha, beta, step_rad, view.field_mm / view.size_px, view.range_mm)
    given = (frame, current.frame_from_canonical_px, views, turn, 0.1)
    whole = edge_equations_twin(*given).overall()
    assert abs(edge_equations(*given).overall() - whole) < 1e-4
    assert 0.8 < whole < 1.0
