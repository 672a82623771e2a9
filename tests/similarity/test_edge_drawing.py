"""The part of the view that is drawn, and what it shows where no object is; `test_edge_equations.py` has the twins."""

import numpy as np

from fluoropose.similarity.edge_drawing import DETECTOR_BLUR, draw_edge_pictures, object_box


def test_the_box_holds_what_any_view_shows_and_a_margin():
    views = np.zeros((5, 64, 64), np.float32)
    views[1, 20, 30], views[4, 25, 40] = 0.1, -0.1
    assert object_box(views, 0) == (20, 30, 6, 11)
    assert object_box(views, 3) == (17, 27, 12, 17)
    assert object_box(views, 30) == (0, 0, 56, 64)


def test_the_box_of_nothing_is_all_of_the_view():
    assert object_box(np.zeros((5, 64, 64), np.float32), 3) == (0, 0, 64, 64)


def test_where_no_object_is_the_view_shows_the_floor(rng):
    """Where no object is, the view as shown is the negative logarithm of all that comes through and the floor."""
    frame = rng.random((192, 192)).astype(np.float32)
    out, views = np.empty((5, 128, 128), np.float32), np.zeros((5, 128, 128), np.float32)
    draw_edge_pictures(frame, np.eye(3), views, (0, 0), 0.0, 0.0, 0.07, 0.25, DETECTOR_BLUR, out)
    np.testing.assert_array_equal(out[0], frame[:128, :128])
    np.testing.assert_allclose(out[1], -np.log(1.25), atol=1e-6)
    assert not out[2:4].any()
    np.testing.assert_allclose(out[4], -0.25 / 1.25, atol=1e-6)
