"""The whole window's correlation: compiled and plain agree, a step climbs it, and it says the same however bright."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.pehl.align import FLOOR
from fluoropose.pehl.correlation import (
    correlation_equations,
    correlation_equations_twin,
    finer_homography,
    finer_twin,
    finer_views,
)
from fluoropose.pehl.edges import Turn, edge_equations, edge_equations_twin, warped
from fluoropose.pehl.residual import look, residual_of
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 0.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.0, 0.5, -0.5])


@pytest.fixture
def camera():
    return fine_camera()


@pytest.fixture
def frame(small_case, camera, rng):
    return shot(small_case, camera, pose_from_six(RIGHT, small_case.pose_frame), rng)


def looked(case, camera, six):
    """Return the look from a pose upright in its camera, the views it needs and how it is turned from them."""
    current = look(pose_from_six(six, case.pose_frame), camera, case.atlas)
    views = np.asarray(case.atlas.views[list(current.view_indices)], np.float32)
    step_rad, view = np.deg2rad(case.atlas.grid.step_deg), case.atlas.view
    _, alpha, beta = current.own_residual[3:]
    pixel_mm = view.field_mm / view.size_px
    return current, views, Turn(alpha / step_rad, beta / step_rad, step_rad, pixel_mm, view.range_mm)


def test_compiled_and_plain_agree(small_case, camera, frame):
    current, views, turn = looked(small_case, camera, RIGHT + OFF)
    fast, slow = (
        solve(frame, current.frame_from_canonical_px, views, turn, 0.07)
        for solve in (correlation_equations, correlation_equations_twin)
    )
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=2e-4
    )
    np.testing.assert_allclose(fast.vector / scale, slow.vector / scale, atol=2e-3 * np.abs(slow.vector / scale).max())
    assert abs(fast.correlation - slow.correlation) < 1e-4


def test_the_edges_tell_the_same_correlation(small_case, camera, frame):
    current, views, turn = looked(small_case, camera, RIGHT + OFF)
    given = (frame, current.frame_from_canonical_px, views, turn, 0.07)
    whole = correlation_equations_twin(*given).correlation
    assert abs(edge_equations(*given).overall - whole) < 1e-4
    assert abs(edge_equations_twin(*given).overall - whole) < 1e-9
    assert 0.8 < whole < 1.0


def test_finer_pictures_are_those_of_the_definition(rng):
    coarse = rng.random((2, 32, 32)).astype(np.float32)
    for size in (32, 48, 50):
        fine = finer_views(coarse, size)
        assert fine.dtype == np.float32
        np.testing.assert_allclose(fine, [finer_twin(image, size) for image in coarse], atol=2e-6)
    np.testing.assert_allclose(finer_views(coarse, 32), coarse, atol=1e-6)


def test_finer_pictures_look_at_the_same_places(small_case, camera, frame):
    current, _, _ = looked(small_case, camera, RIGHT)
    size = small_case.atlas.view.size_px
    coarse = warped(frame, current.frame_from_canonical_px, size)
    fine = warped(frame, finer_homography(current.frame_from_canonical_px, size, 3 * size), 3 * size)
    np.testing.assert_allclose(fine[1::3, 1::3], coarse, atol=1e-4)


@pytest.mark.parametrize("share", [1.0, 1.5])
def test_a_step_climbs_to_the_right_pose(small_case, camera, frame, share):
    for sign in (1.0, -1.0):
        current, views, turn = looked(small_case, camera, RIGHT + sign * OFF)
        size = small_case.atlas.view.size_px
        fine = int(share * size)
        homography = finer_homography(current.frame_from_canonical_px, size, fine)
        turn = replace(turn, pixel_mm=small_case.atlas.view.field_mm / fine)
        found = correlation_equations(frame, homography, finer_views(views, fine), turn, FLOOR)
        step = np.linalg.solve(found.information, found.vector)
        before = residual_of(pose_from_six(RIGHT, small_case.pose_frame), current, small_case.atlas)
        before = before - current.own_residual
        after = before - step
        assert np.linalg.norm(after[:2]) < 0.3 * np.linalg.norm(before[:2])
        assert abs(after[2]) < 0.4 * abs(before[2])
        assert np.linalg.norm(after[3:]) < 0.5 * np.linalg.norm(before[3:])


def test_brightness_and_contrast_are_no_matter(small_case, camera, frame):
    current, views, turn = looked(small_case, camera, RIGHT + OFF)
    first, second = (
        correlation_equations(shown, current.frame_from_canonical_px, views, turn, FLOOR)
        for shown in (frame, 0.3 * frame + 2.0)
    )
    assert abs(first.correlation - second.correlation) < 1e-4
    np.testing.assert_allclose(
        np.linalg.solve(first.information, first.vector),
        np.linalg.solve(second.information, second.vector),
        rtol=1e-2,
        atol=1e-3,
    )


def test_a_frame_of_nothing_asks_for_nothing(small_case, camera):
    current, views, turn = looked(small_case, camera, RIGHT)
    empty = np.zeros((192, 192), np.float32)
    found = correlation_equations(empty, current.frame_from_canonical_px, views, turn, FLOOR)
    assert found.correlation == 0.0
    assert not found.vector.any()
    assert np.isfinite(found.information).all()
