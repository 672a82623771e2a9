"""Pixels that are not shown: counted by hand about one hidden column; nothing hidden changes nothing."""

import numpy as np

from fluoropose.similarity.hidden_pixels import drop_hidden, hidden_or_none, shown_twin

WEIGHTS = np.array([0.5, 0.25], np.float32)


def test_squares_are_dropped_where_hidden_pixels_are_mixed_in():
    hidden = np.zeros((6, 9), np.float32)
    hidden[:, 4] = 1.0
    squares = np.ones((6, 9), np.float32)
    drop_hidden(squares, hidden, WEIGHTS)
    np.testing.assert_array_equal(squares[2], [1, 1, 1, 0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(squares > 0, shown_twin(hidden, WEIGHTS))


def test_where_nothing_is_hidden_squares_stay():
    squares = np.ones((6, 9), np.float32)
    drop_hidden(squares, hidden_or_none(None), WEIGHTS)
    assert squares.all()
    assert shown_twin(None, WEIGHTS) is True
    hidden = np.ones((2, 2), np.float32)
    assert hidden_or_none(hidden) is hidden
