"""Overlays of a disc whose place is known."""

import io

import numpy as np
import pytest
from PIL import Image

from fluoropose.io.overlays import OVERLAY_KINDS, blended_picture, outlined_picture, picture_png

ROWS, COLUMNS, CENTRE, RADIUS = 120, 160, (70.0, 50.0), 25.0


@pytest.fixture
def lines():
    v, u = np.indices((ROWS, COLUMNS))
    return 0.1 * np.sqrt(np.maximum(RADIUS**2 - (u - CENTRE[0]) ** 2 - (v - CENTRE[1]) ** 2, 0.0)).astype(np.float32)


@pytest.fixture
def frame(lines, rng):
    return (0.8 * lines + 0.4 + 0.01 * rng.standard_normal(lines.shape)).astype(np.float32)


@pytest.fixture
def circle():
    turn = np.linspace(0.0, 2.0 * np.pi, 200)[:-1]
    return np.column_stack([CENTRE[0] + RADIUS * np.cos(turn), CENTRE[1] + RADIUS * np.sin(turn)])


def test_the_outline_is_drawn_where_it_is(frame, circle):
    picture = outlined_picture(frame, [circle])
    green = picture[..., 1].astype(float) - picture[..., 0]
    v, u = np.nonzero(green > 60)
    assert len(v) > 100
    assert np.abs(np.hypot(u - CENTRE[0], v - CENTRE[1]) - RADIUS).max() < 1.5


def test_without_an_outline_the_picture_is_grey(frame):
    picture = outlined_picture(frame, [])
    assert (picture[..., 0] == picture[..., 1]).all()
    assert picture[50, 70, 0] < picture[5, 5, 0]  # dense is dark


def test_the_difference_is_grey_at_the_right_pose_and_shows_edges_at_a_wrong_one(frame, lines):
    right = blended_picture("difference", lines * 0.8 + 0.4, lines)
    assert np.ptp(right.astype(int)) <= 2
    wrong = blended_picture("difference", frame, np.roll(lines, 6, axis=1))
    assert wrong.min() < 20 and wrong.max() > 235


def test_the_checkerboard_joins_at_the_right_pose(frame, lines):
    clean = lines * 0.8 + 0.4
    together, apart = (blended_picture("checkerboard", clean, shown) for shown in (lines, np.roll(lines, 15, axis=0)))
    plain = outlined_picture(clean, [])
    assert np.abs(together.astype(int) - plain).max() <= 2
    assert np.abs(apart.astype(int) - plain).max() > 60


def test_the_shade_is_coloured_inside_only(frame, lines):
    picture = blended_picture("shaded", frame, lines).astype(int)
    colour = picture[..., 0] - picture[..., 2]
    assert (colour[lines == 0.0] == 0).all() and colour[50, 70] > 80


@pytest.mark.parametrize("kind", OVERLAY_KINDS[1:])
def test_an_object_outside_the_frame_leaves_the_frame(frame, kind):
    picture = blended_picture(kind, frame, np.zeros_like(frame))
    assert picture.shape == (ROWS, COLUMNS, 3)


def test_a_large_picture_is_drawn_too(circle):
    large = outlined_picture(np.zeros((2000, 2000), np.float32), [circle])
    assert (large[..., 1] != large[..., 0]).any()


def test_a_png_is_read_back(frame):
    picture = outlined_picture(frame, [])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(picture_png(picture)))), picture)
