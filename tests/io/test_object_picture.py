"""The picture of an object: three panels, each from where it says, with a size bar."""

import numpy as np
import pytest

from fluoropose.geometry.canonical import CanonicalView
from fluoropose.imaging.volume import Volume
from fluoropose.io.object_picture import SIDE_PX, bar_length, object_picture
from fluoropose.io.preparation import VIEWS

FIELD_MM = 80.0


@pytest.fixture
def panels():
    """A patient's bar from the middle to the left (+x), a shorter one to the front (-y), the shortest to the head."""
    values = np.zeros((41, 41, 41), np.float32)
    values[20:39, 19:22, 19:22] = 0.05
    values[19:22, 6:21, 19:22] = 0.05
    values[19:22, 19:22, 20:31] = 0.05
    placed = np.eye(4)
    placed[:3, 3] = -20.0
    view = CanonicalView(np.zeros(3), VIEWS["frontal"], 128, FIELD_MM, 900.0)
    picture = object_picture(Volume(values, placed), view)
    assert picture.shape == (SIDE_PX, 3 * SIDE_PX, 3)
    assert picture.dtype == np.uint8
    return np.split(picture, 3, axis=1)


def reach_mm(panel):
    """Return how far what is bright reaches from the middle: left, right, up, down; title and bar are left out."""
    bright = panel[40:-40, 4:-4, 0] > 60
    rows, columns = np.flatnonzero(bright.any(axis=1)) + 40, np.flatnonzero(bright.any(axis=0)) + 4
    middle, px_mm = (SIDE_PX - 1) / 2, FIELD_MM / SIDE_PX
    return [(middle - columns[0]) * px_mm, (columns[-1] - middle) * px_mm,
            (middle - rows[0]) * px_mm, (rows[-1] - middle) * px_mm]  # fmt: skip


def test_each_panel_shows_the_object_from_where_it_says(panels):
    expected, left, above = map(reach_mm, panels)
    # From the front the patient's left is on the right; the head is up.
    np.testing.assert_allclose(expected, [1.5, 18.5, 10.5, 1.5], atol=1.0)
    # From the left of that panel its front is on the right.
    np.testing.assert_allclose(left, [1.5, 14.0, 10.5, 1.5], atol=1.0)
    # From above the front is down.
    np.testing.assert_allclose(above, [1.5, 18.5, 1.5, 14.0], atol=1.0)


def test_panels_are_framed_and_have_a_bar_of_its_length(panels):
    for panel in panels:
        assert (panel[0] == (90, 90, 90)).all()
        bar = np.flatnonzero((panel[-10] == 255).all(axis=-1))
        assert np.ptp(bar) * FIELD_MM / SIDE_PX == pytest.approx(20.0, abs=1.0)


def test_an_object_that_fills_its_range_is_drawn_from_farther_away():
    values = np.full((20, 20, 20), 0.01, np.float32)
    view = CanonicalView(np.full(3, 9.5), np.eye(3), 128, 38.0, 20.0)
    picture = object_picture(Volume(np.pad(values, 1), np.eye(4)), view)
    assert picture[SIDE_PX // 2, SIDE_PX // 2, 0] > 200
    assert picture[SIDE_PX // 2, 20, 0] == 0


@pytest.mark.parametrize(("field", "bar"), [(300.0, 100.0), (130.0, 50.0), (66.0, 20.0), (25.0, 10.0), (2.5, 1.0)])
def test_the_bar_has_a_round_length(field, bar):
    assert bar_length(field) == bar
