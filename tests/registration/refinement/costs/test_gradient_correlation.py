"""The cost of gradient correlation: its window, cached views beside rendered ones, steps that lead to the right pose, a polished end."""

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.camera import project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.filters import blur_twin
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.registration.refinement.costs.gradient_correlation import (
    CORRELATION,
    CorrelationSettings,
    GradientCorrelationCost,
    Window,
    cached_window_view,
    cached_window_view_twin,
    window_around,
)
from fluoropose.registration.refinement.gauss_newton import Prior, Stop, minimise, newton_step
from fluoropose.registration.regression.residual import align_view, residual_to_pose, residual_units
from fluoropose.similarity.gradient_correlation_kernels import HALO, TAPS
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 20.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.5, 0.5, -0.5])
NO_PRIOR = Prior(np.zeros((6, 6)))


@pytest.fixture
def camera():
    return fine_camera()


@pytest.fixture
def frame(small_case, camera, rng):
    return shot(small_case, camera, pose_from_six(RIGHT, small_case.pose_frame), rng, hardened=False)


def window_at(case, camera, frame, six, settings=CORRELATION):
    """Return the window of a frame around an object's box, and the object's pose."""
    pose = pose_from_six(six, case.pose_frame)
    exposure = Exposure(frame, camera, PixelMeaning.LINE_INTEGRAL)
    return window_around(exposure, case.corners_mm, pose, case.atlas, settings), pose


def test_the_cached_view_is_its_twin_and_nearly_what_is_rendered(small_case, camera, frame):
    for six in (RIGHT, RIGHT + 5 * OFF):
        window, pose = window_at(small_case, camera, frame, six)
        alignment = align_view(pose, window.camera, small_case.atlas)
        fast, slow = (
            view(alignment, window.camera, small_case.atlas) for view in (cached_window_view, cached_window_view_twin)
        )
        np.testing.assert_allclose(fast.lines, slow.lines, atol=1e-4)
        np.testing.assert_allclose(fast.turns, slow.turns, atol=2e-3 * np.abs(slow.turns).max())
        np.testing.assert_array_equal(fast.frame_from_canonical_px, slow.frame_from_canonical_px)
        rendered = PlaneRenderer(small_case.volume).render(window.camera, pose)
        assert np.corrcoef(fast.lines.ravel(), rendered.ravel())[0, 1] > 0.98


def test_the_window_holds_the_objects_box_with_a_margin_and_is_smoothed(small_case, camera, frame):
    window, pose = window_at(small_case, camera, frame, RIGHT)
    seen = project(camera, transform(pose, small_case.corners_mm))
    least = CORRELATION.margin_share * np.ptp(seen, axis=0).max() + HALO
    low, high = seen.min(axis=0) - least, seen.max(axis=0) + least
    first = np.round(camera.intrinsic_matrix[:2, 2] - window.camera.intrinsic_matrix[:2, 2]).astype(int)
    rows, columns = window.frame.shape
    assert (window.camera.rows, window.camera.columns) == (rows, columns)
    assert (np.abs(first - np.maximum(np.floor(low), 0)) <= 1).all()
    assert (np.abs(first + [columns, rows] - np.minimum(np.ceil(high), [192, 192])) <= 2).all()
    part = frame[first[1] : first[1] + rows, first[0] : first[0] + columns]
    np.testing.assert_allclose(window.frame, blur_twin(part, TAPS), atol=1e-4)


def test_without_enough_of_the_box_in_the_frame_there_is_no_window(small_case, camera, frame):
    assert window_at(small_case, camera, frame, RIGHT + [400.0, 0, 0, 0, 0, 0])[0] is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("rendered", [True, False], ids=["rendered", "cached"])
def test_a_step_leads_to_the_right_pose(small_case, camera, frame, sign, rendered):
    window, pose = window_at(small_case, camera, frame, RIGHT + sign * OFF)
    cost = GradientCorrelationCost(window, small_case.atlas, PlaneRenderer(small_case.volume) if rendered else None)
    change = newton_step(cost.evaluate(pose), NO_PRIOR).change
    current = align_view(pose, window.camera, small_case.atlas)
    before = residual_to_pose(pose_from_six(RIGHT, small_case.pose_frame), current, small_case.atlas)
    before = before - current.view_residual
    after = before - change
    assert np.linalg.norm(after[:2]) < 0.3 * np.linalg.norm(before[:2])
    assert abs(after[2]) < (0.4 if rendered else 0.8) * abs(before[2])
    assert np.linalg.norm(after[3:]) < (0.5 if rendered else 0.8) * np.linalg.norm(before[3:])


def test_the_information_is_by_the_share_of_the_settings_and_never_above_that_of_the_cached_pixels(
    small_case, camera, frame
):
    window, pose = window_at(small_case, camera, frame, RIGHT)
    full, half = (
        GradientCorrelationCost(window, small_case.atlas, settings=CorrelationSettings(information_share=share))
        for share in (0.125, 0.0625)
    )
    np.testing.assert_allclose(half.evaluate(pose).information, 0.5 * full.evaluate(pose).information)
    # Of pixels half as wide four lie on one of the cached ones: together they know as much as that.
    finer = window.camera.scale_pixels(0.5)
    pixels = np.repeat(np.repeat(window.frame, 2, axis=0), 2, axis=1)
    fine = GradientCorrelationCost(Window(pixels, finer), small_case.atlas).evaluate(pose)
    coarse = full.evaluate(pose)
    assert np.trace(fine.information[:2, :2]) < 2.5 * np.trace(coarse.information[:2, :2])


def test_rendered_views_have_the_agreement_of_a_search(small_case, camera, frame):
    window, pose = window_at(small_case, camera, frame, RIGHT)
    cost = GradientCorrelationCost(window, small_case.atlas, PlaneRenderer(small_case.volume))
    right = cost.evaluate(pose).agreement
    assert right > 0.95
    aside = pose_from_six(RIGHT + [2.0, 0, 0, 0, 0, 0], small_case.pose_frame)
    assert cost.evaluate(aside).agreement < right - 0.1


def test_only_rendered_views_polish_the_last_step(small_case, camera, frame):
    """Along the direction that is known least, and so that the frame agrees at least as well there."""
    window, pose = window_at(small_case, camera, frame, RIGHT + OFF)
    cached = GradientCorrelationCost(window, small_case.atlas)
    equations = cached.evaluate(pose)
    step = newton_step(equations, NO_PRIOR)
    assert cached.polish(equations, step) is step
    rendered = GradientCorrelationCost(window, small_case.atlas, PlaneRenderer(small_case.volume))
    end = minimise(rendered, pose, NO_PRIOR, Stop(most_steps=6, settled_errors=0.0)).pose
    equations = rendered.evaluate(end)
    step = newton_step(equations, NO_PRIOR)
    polished = rendered.polish(equations, step)
    units = residual_units(small_case.atlas.view)
    least_known = np.linalg.eigh(step.information * np.outer(units, units))[1][:, 0]
    moved = (polished.change - step.change) / units
    assert np.linalg.norm(moved) > 0.0
    np.testing.assert_allclose(abs(moved @ least_known), np.linalg.norm(moved), rtol=1e-6)
    np.testing.assert_allclose(polished.parameters, equations.parameters.origin + polished.change)
    plain, better = (
        rendered.evaluate(equations.parameters.pose_at(one.parameters)).agreement for one in (step, polished)
    )
    assert better > plain - 1e-5


def test_a_polished_step_goes_no_further_than_the_settings_say(small_case, camera, frame):
    window, pose = window_at(small_case, camera, frame, RIGHT + 3 * OFF)
    settings = CorrelationSettings(most_ridge_steps=0.0)
    cost = GradientCorrelationCost(window, small_case.atlas, PlaneRenderer(small_case.volume), settings)
    equations = cost.evaluate(pose)
    step = newton_step(equations, NO_PRIOR)
    polished = cost.polish(equations, step)
    units = residual_units(small_case.atlas.view)
    known, directions = np.linalg.eigh(step.information * np.outer(units, units))
    direction = directions[:, 0] * units / np.sqrt(max(known[0], 1.0))
    # Nothing of the change is left along that direction, as its own information weighs it.
    assert abs(polished.change @ step.information @ direction) < 1e-6 * abs(direction @ step.information @ direction)


def test_a_frame_of_nothing_asks_for_nothing(small_case, camera):
    window, pose = window_at(small_case, camera, np.zeros((192, 192), np.float32), RIGHT)
    found = GradientCorrelationCost(window, small_case.atlas, PlaneRenderer(small_case.volume)).evaluate(pose)
    assert found.agreement == 0.0
    assert not found.vector.any()
    assert np.isfinite(found.information).all()
