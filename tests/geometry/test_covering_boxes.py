"""Boxes cover every marked pixel, are as few as asked for, and cover little beside."""

import numpy as np
import pytest

from fluoropose.geometry.covering_boxes import covering_boxes


def drawn(boxes, shape):
    covered = np.zeros(shape, bool)
    for left, top, right, low in boxes:
        covered[top : low + 1, left : right + 1] = True
    return covered


def test_boxes_are_found_as_they_are():
    marked = drawn([[2, 1, 5, 3], [7, 0, 8, 9]], (10, 9))
    assert covering_boxes(marked, 4) == [[2, 1, 5, 3], [7, 0, 8, 9]]
    assert covering_boxes(np.zeros((4, 5), bool), 4) == []
    assert covering_boxes(np.ones((4, 5), bool), 1) == [[0, 0, 4, 3]]


@pytest.mark.parametrize("most", [60, 8, 1])
def test_all_that_lies_beyond_a_circle_is_covered(most):
    v, u = np.mgrid[0:301, 0:257]
    marked = (u - 128) ** 2 + (v - 150) ** 2 > 120**2
    boxes = covering_boxes(marked, most)
    covered = drawn(boxes, marked.shape)
    assert len(boxes) <= most
    assert covered[marked].all()
    if most == 60:
        assert (covered & ~marked).sum() < 0.2 * (~marked).sum()


def test_scattered_pixels_are_covered(rng):
    marked = rng.random((100, 90)) < 0.3
    assert drawn(covering_boxes(marked, 5), marked.shape)[marked].all()
