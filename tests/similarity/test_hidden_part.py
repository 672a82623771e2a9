"""Which part of the canonical view a frame does not show, pixel by pixel of small frames."""

import numpy as np

from fluoropose.similarity.hidden_part import hidden_part

MOVED = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, -2.0], [0.0, 0.0, 1.0]])
"""Canonical pixels lie three columns to the right and two rows further up in the frame."""


def test_a_part_within_the_frame_is_shown_wholly():
    assert hidden_part((10, 20), None, MOVED, (2, 0, 10, 17)) is None
    assert hidden_part((10, 20), np.zeros((10, 20), np.float32), MOVED, (2, 0, 10, 17)) is None


def test_what_lies_beyond_the_border_is_hidden():
    found = hidden_part((10, 20), None, MOVED, (0, 14, 14, 6))
    wanted = np.ones((14, 6))
    wanted[2:12, :3] = 0.0
    np.testing.assert_array_equal(found, wanted)


def test_what_the_frame_hides_is_hidden_at_its_place_in_the_view():
    hidden = np.zeros((10, 20), np.float32)
    hidden[4, 8] = 1.0
    found = hidden_part((10, 20), hidden, MOVED, (2, 0, 10, 17))
    assert np.argwhere(found).tolist() == [[4, 5]]


def test_places_behind_a_tilted_view_are_told_by_their_ray():
    tilted = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.1, 0.0, 1.0]])
    found = hidden_part((4, 5), None, tilted, (0, 0, 4, 12))
    u = np.arange(12)
    np.testing.assert_array_equal(found[0] > 0, u / (1.0 + 0.1 * u) > 4.5)
