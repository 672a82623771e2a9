"""The edges' equations: compiled and plain agree, and they are those of small changes of the pose."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.regression.residual import align_view
from fluoropose.similarity.edge_drawing import PAD
from fluoropose.similarity.edge_equations import (
    Turn,
    central_differences_twin,
    edge_equations,
    edge_equations_twin,
    edge_pictures,
    edge_pictures_twin,
    motion_derivatives_twin,
    window_twin,
)
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.3, 0.5, -0.5])


@pytest.fixture
def frame(small_case, rng):
    return shot(small_case, fine_camera(), pose_from_six(RIGHT, small_case.pose_frame), rng)


def look(case, six):
    """Return the homography to a frame, and the cached views, of a pose."""
    current = align_view(pose_from_six(six, case.pose_frame), fine_camera(), case.atlas)
    return current.frame_from_canonical_px, case.atlas.line_integrals(*current.view_indices)


def turn_of(case, alpha=0.0, beta=0.0):
    view = case.atlas.view
    step_rad = float(np.deg2rad(case.atlas.grid.step_deg))
    return Turn(alpha, beta, step_rad, view.field_mm / view.size_px, view.range_mm)


@pytest.mark.parametrize("turned", [(0.3, -0.4), (0.0, 0.0), (-0.5, 0.5)])
@pytest.mark.parametrize("offset", [0.0, 1.0, -20.0])
def test_compiled_and_plain_agree(small_case, frame, turned, offset):
    given = (frame, *look(small_case, RIGHT + offset * OFF), turn_of(small_case, *turned), 0.07)
    fast, slow = edge_equations(*given), edge_equations_twin(*given)
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=1e-4
    )
    np.testing.assert_allclose(fast.vector / scale, slow.vector / scale, atol=1e-3 * np.abs(slow.vector / scale).max())
    assert abs(fast.agreement - slow.agreement) < 1e-4
    assert abs(fast.overall() - slow.overall()) < 1e-4


def test_they_agree_where_a_part_of_the_frame_is_not_used(small_case, frame):
    unused = np.zeros_like(frame)
    unused[:, : frame.shape[1] // 2] = 1.0
    given = (frame, *look(small_case, RIGHT + OFF), turn_of(small_case), 0.07)
    fast, slow = edge_equations(*given, unused=unused), edge_equations_twin(*given, unused=unused)
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=1e-4
    )
    np.testing.assert_allclose(fast.vector / scale, slow.vector / scale, atol=1e-3 * np.abs(slow.vector / scale).max())
    assert fast.information[0, 0] < edge_equations(*given).information[0, 0]
    nothing = edge_equations(*given, unused=np.ones_like(frame))
    assert not nothing.information.any()


def test_edges_beyond_the_border_are_not_compared(small_case, frame):
    """A frame that ends in the middle of the object says no more than its pixels, and the rest of it agrees."""
    columns = frame.shape[1] // 2 + 3
    homography, views = look(small_case, RIGHT)
    given = (np.ascontiguousarray(frame[:, :columns]), homography, views, turn_of(small_case, 0.075, -0.15), 0.1)
    fast, slow = edge_equations(*given), edge_equations_twin(*given)
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=1e-4
    )
    assert fast.information[1, 1] < edge_equations(frame, *given[1:]).information[1, 1]
    assert fast.agreement > 0.9


def test_the_pictures_are_their_twins(small_case, frame):
    given = (frame, *look(small_case, RIGHT + OFF), turn_of(small_case, 0.3, -0.4), 0.07)
    (fast, (top, left)), slow = edge_pictures(*given), edge_pictures_twin(*given)
    rows, columns = fast.shape[1:]
    assert rows < 128
    assert columns < 128
    part = (slice(top, top + rows), slice(left, left + columns))
    for one, whole in zip(fast, slow, strict=True):
        other = whole[part]
        np.testing.assert_allclose(one, other, atol=2e-4 * max(1.0, np.abs(other).max()))


def test_the_changes_with_angles_and_floor_are_differences_of_pictures(small_case, frame):
    homography, views = look(small_case, RIGHT)
    middle = turn_of(small_case, 0.2, -0.3)
    _, _, by_alpha, by_beta, by_floor = edge_pictures_twin(frame, homography, views, middle, 0.07)
    step = 1e-4

    def shown(alpha=0.0, beta=0.0, floor=0.0):
        turn = turn_of(small_case, 0.2 + alpha / middle.step_rad, -0.3 + beta / middle.step_rad)
        return edge_pictures_twin(frame, homography, views, turn, 0.07 * np.exp(floor))[1]

    for name, change in (("alpha", by_alpha), ("beta", by_beta), ("floor", by_floor)):
        difference = (shown(**{name: step}) - shown(**{name: -step})) / (2.0 * step)
        # Beyond the object's rim the view is held at 0, which no derivative tells.
        differs = np.abs(difference - change) > 1e-3 * np.abs(change).max()
        assert differs.mean() < 0.02, name


def test_the_moves_are_how_a_smooth_picture_changes(small_case):
    """A soft blob that is moved, scaled and turned about the middle by little."""
    turn, size = turn_of(small_case), 128
    v, u = np.mgrid[0:size, 0:size] - (size - 1) / 2

    def blob(dx=0.0, dy=0.0, scale=1.0, theta=0.0):
        # What is seen at a place was, before the motion, at the place that the motion leads there from.
        x, y = (u - dx) / scale, (v - dy) / scale
        x, y = np.cos(theta) * x + np.sin(theta) * y, np.cos(theta) * y - np.sin(theta) * x
        return np.exp(-(((x - 9.0) / 14.0) ** 2) - ((y + 6.0) / 9.0) ** 2)

    moves = motion_derivatives_twin(central_differences_twin(blob()), turn)
    step = 1e-4
    pixel = step / turn.pixel_mm
    expected = (
        (blob(dx=pixel) - blob(dx=-pixel)) / (2 * step),
        (blob(dy=pixel) - blob(dy=-pixel)) / (2 * step),
        (blob(scale=turn.range_mm / (turn.range_mm + step)) - blob(scale=turn.range_mm / (turn.range_mm - step)))
        / (2 * step),
        (blob(theta=step) - blob(theta=-step)) / (2 * step),
    )
    for found, wanted in zip(moves, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=0.02 * np.abs(wanted).max())


def test_the_window_holds_all_edges_with_a_margin():
    image = np.zeros((96, 96))
    image[40:50, 30:60] = 1.0
    window = window_twin(central_differences_twin(image))
    rows, columns = np.flatnonzero(window.any(axis=1)), np.flatnonzero(window.any(axis=0))
    # Central differences see an edge one pixel to each side of it; the margin is a 48th of 96.
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (37, 52, 27, 62)


def test_the_agreement_is_that_of_the_object_and_not_of_noise(small_case, frame, rng):
    homography, views = look(small_case, RIGHT)
    turn = turn_of(small_case, 0.075, -0.15)
    assert edge_equations(frame, homography, views, turn, 0.1).agreement > 0.9
    noise = rng.standard_normal(frame.shape).astype(np.float32)
    assert edge_equations(noise, homography, views, turn, 0.1).agreement < 0.6


def test_beyond_the_part_that_is_drawn_the_view_is_even(small_case, frame):
    given = (frame, *look(small_case, RIGHT + OFF), turn_of(small_case, 0.3, -0.4), 0.07)
    (fast, (top, left)), slow = edge_pictures(*given), edge_pictures_twin(*given)
    beyond = np.ones((128, 128), bool)
    beyond[top + PAD - 1 : top + fast.shape[1] - PAD + 1, left + PAD - 1 : left + fast.shape[2] - PAD + 1] = False
    for image in slow[1:]:
        assert np.ptp(image[beyond]) == 0.0


def test_where_the_view_has_no_edges_nothing_is_said(small_case, frame):
    homography, views = look(small_case, RIGHT)
    found = edge_equations(frame, homography, np.zeros_like(views), turn_of(small_case), 0.1)
    assert not found.information.any()
    assert not found.vector.any()
