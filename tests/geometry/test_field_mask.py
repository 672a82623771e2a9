"""Masks of shapes: pixels counted by hand, and what is no mask."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.field_mask import FieldMask, field_mask_from


def test_a_circle_a_triangle_and_a_box():
    circle = FieldMask(circle_px=(10.0, 8.0, 3.0)).shown(20, 24)
    assert circle[8, 13]
    assert not circle[8, 14]
    assert circle.sum() == sum(x * x + y * y <= 9 for x in range(-3, 4) for y in range(-3, 4))
    triangle = field_mask_from(polygon_px=[[0, 0], [10, 0], [0, 10]]).shown(12, 12)
    assert triangle[2, 2]
    assert not triangle[8, 8]
    boxed = field_mask_from(hidden_px=[[2, 3, 4, 5]]).shown(10, 10)
    assert (~boxed).sum() == 9
    assert not boxed[3, 2]


def test_all_shapes_together_are_their_intersection_and_read_only():
    both = FieldMask((5.0, 5.0, 4.0), hidden_px=((5.0, 0.0, 9.0, 9.0),)).shown(10, 10)
    assert both[5, 4]
    assert not both[5, 6]
    assert not both.flags.writeable
    assert both is FieldMask((5.0, 5.0, 4.0), hidden_px=((5.0, 0.0, 9.0, 9.0),)).shown(10, 10)


def test_a_mirrored_mask_shows_the_mirrored_pixels():
    mask = FieldMask((9.0, 6.0, 6.0), ((1.31, 0.2), (17.7, 2.63), (6.12, 13.4)), ((2.0, 1.0, 8.0, 4.0),))
    shown = mask.shown(14, 20)
    assert 0 < shown.sum() < shown.size
    np.testing.assert_array_equal(mask.mirrored(20).shown(14, 20), shown[:, ::-1])
    assert FieldMask(hidden_px=((0.0, 0.0, 1.0, 2.0),)).mirrored(10).hidden_px == ((8.0, 0.0, 9.0, 2.0),)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "at least one of circle_px"),
        ({"circle_px": [1.0, 2.0]}, "3 finite numbers"),
        ({"circle_px": [1.0, 2.0, 0.0]}, "positive radius"),
        ({"circle_px": [1.0, 2.0, float("nan")]}, "finite"),
        ({"polygon_px": [[0.0, 0.0], [1.0, 1.0]]}, "3 to 64 corners, got 2"),
        ({"hidden_px": [[0.0] * 4] * 65}, "at most 64 boxes"),
        ({"hidden_px": [["a"]]}, "expected numbers"),
        ({"hidden_px": [[0.0]]}, "4 finite numbers"),
    ],
)
def test_what_is_no_mask_is_refused(given, words):
    with pytest.raises(GeometryError, match=words):
        field_mask_from(**given)


def test_shapes_beyond_the_frame_hide_it_all():
    assert not np.any(FieldMask(circle_px=(-50.0, -50.0, 5.0)).shown(10, 10))
