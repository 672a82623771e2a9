"""The whole window's correlation: compiled and plain agree, a step climbs it, and it says the same however bright."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.pehl.align import FLOOR
from fluoropose.pehl.climb import Closer, close_view, finer_homography
from fluoropose.pehl.correlation import correlation_equations, correlation_equations_twin
from fluoropose.pehl.correlation_kernels import HALO, TAPS
from fluoropose.pehl.edges import Turn, edge_equations, edge_equations_twin, warped
from fluoropose.pehl.residual import look, residual_of
from fluoropose.similarity.gradient import gradient_correlation, gradients
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 0.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.5, 0.5, -0.5])


@pytest.fixture
def camera():
    return fine_camera()


@pytest.fixture
def frame(small_case, camera, rng):
    return shot(small_case, camera, pose_from_six(RIGHT, small_case.pose_frame), rng, hardened=False)


def looked(case, camera, frame, six):
    """Return the look from a pose, its finer homography and what is rendered there."""
    pose = pose_from_six(six, case.pose_frame)
    current = look(pose, camera, case.atlas)
    closer = Closer(Exposure(frame, camera, PixelMeaning.LINE_INTEGRAL), PlaneRenderer(case.volume), case.corners_mm)
    return current, finer_homography(current.frame_from_canonical_px), close_view(closer, pose, current, case.atlas)


@pytest.mark.parametrize("turned_on", [(0.0, 0.0), (0.004, -0.003)])
def test_compiled_and_plain_agree(small_case, camera, frame, turned_on):
    _, homography, view = looked(small_case, camera, frame, RIGHT + OFF)
    given = homography, replace(view, alpha_rad=turned_on[0], beta_rad=turned_on[1])
    fast, slow = (solve(frame, *given, 0.07) for solve in (correlation_equations, correlation_equations_twin))
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=2e-4
    )
    np.testing.assert_allclose(fast.vector / scale, slow.vector / scale, atol=2e-3 * np.abs(slow.vector / scale).max())
    assert abs(fast.correlation - slow.correlation) < 1e-4


def test_it_is_the_gradient_correlation_that_a_search_climbs(small_case, camera, frame):
    # Where the frame's pixels are the view's own, the homography being one: no interpolation.
    _, _, view = looked(small_case, camera, frame, RIGHT)
    rows, columns = view.lines.shape
    itself = np.array([[1.0, 0.0, -view.left], [0.0, 1.0, -view.top], [0.0, 0.0, 1.0]])
    picture = np.random.default_rng(5).random((rows, columns)).astype(np.float32)
    found = correlation_equations(picture, itself, view, 0.05)
    window = (slice(HALO, rows - HALO), slice(HALO, columns - HALO))
    seen, shown = (
        tuple(slope[window] for slope in gradients(image, 1.0))
        for image in (picture, -np.log(np.exp(-view.lines) + 0.05))
    )
    assert abs(found.correlation - gradient_correlation(seen, shown)) < 1e-3


def test_a_view_turned_on_is_nearly_one_rendered_there(small_case, camera, frame):
    turn = np.array([0.0, 0.0, 0.0, 0.0, 0.25, -0.25])
    current, homography, there = looked(small_case, camera, frame, RIGHT + turn)
    _, _, here = looked(small_case, camera, frame, RIGHT)
    turned = replace(here, turns=there.turns, alpha_rad=np.deg2rad(0.25), beta_rad=np.deg2rad(-0.25))
    exact, near, old = (correlation_equations(frame, homography, view, FLOOR).vector for view in (there, turned, here))
    assert np.abs(near - exact).max() < 0.2 * np.abs(old - exact).max()


def test_the_smoothing_is_a_gaussian_of_one_pixel():
    weights = np.exp(-0.5 * np.arange(4.0) ** 2)
    np.testing.assert_allclose(TAPS, weights / (2.0 * weights.sum() - 1.0), atol=1e-6)


def test_the_edges_tell_their_windows_correlation(small_case, camera, frame):
    current, *_ = looked(small_case, camera, frame, RIGHT)
    views = small_case.atlas.lines(*current.view_indices)
    view, step_rad = small_case.atlas.view, np.deg2rad(small_case.atlas.grid.step_deg)
    alpha, beta = current.own_residual[4:] / step_rad
    turn = Turn(alpha, beta, step_rad, view.field_mm / view.size_px, view.range_mm)
    given = (frame, current.frame_from_canonical_px, views, turn, FLOOR)
    whole = edge_equations_twin(*given).overall
    assert abs(edge_equations(*given).overall - whole) < 1e-4
    assert 0.8 < whole < 1.0


def test_finer_pictures_look_at_the_same_places(small_case, camera, frame):
    current, finer, _ = looked(small_case, camera, frame, RIGHT)
    size = small_case.atlas.view.size_px
    coarse, fine = warped(frame, current.frame_from_canonical_px, size), warped(frame, finer, 2 * size)
    # The middle of a coarse pixel is the corner of four fine ones.
    np.testing.assert_allclose(fine.reshape(size, 2, size, 2).mean(axis=(1, 3)), coarse, atol=0.05 * np.ptp(coarse))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_step_climbs_to_the_right_pose(small_case, camera, frame, sign):
    current, *given = looked(small_case, camera, frame, RIGHT + sign * OFF)
    found = correlation_equations(frame, *given, FLOOR)
    step = np.linalg.solve(found.information, found.vector)
    before = residual_of(pose_from_six(RIGHT, small_case.pose_frame), current, small_case.atlas)
    before = before - current.own_residual
    after = before - step
    assert np.linalg.norm(after[:2]) < 0.3 * np.linalg.norm(before[:2])
    assert abs(after[2]) < 0.4 * abs(before[2])
    assert np.linalg.norm(after[3:]) < 0.5 * np.linalg.norm(before[3:])


def test_brightness_and_contrast_are_no_matter(small_case, camera, frame):
    _, *given = looked(small_case, camera, frame, RIGHT + OFF)
    first, second = (correlation_equations(shown, *given, FLOOR) for shown in (frame, 0.3 * frame + 2.0))
    assert abs(first.correlation - second.correlation) < 1e-4
    np.testing.assert_allclose(
        np.linalg.solve(first.information, first.vector),
        np.linalg.solve(second.information, second.vector),
        rtol=1e-2,
        atol=1e-3,
    )


def test_a_frame_of_nothing_asks_for_nothing(small_case, camera):
    empty = np.zeros((192, 192), np.float32)
    _, *given = looked(small_case, camera, empty, RIGHT)
    found = correlation_equations(empty, *given, FLOOR)
    assert found.correlation == 0.0
    assert not found.vector.any()
    assert np.isfinite(found.information).all()
