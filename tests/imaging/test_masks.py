"""Masks of voxels: parts and specks counted by hand, margins, what is enclosed."""

import numpy as np
import pytest

from fluoropose.imaging.masks import (
    Parts,
    box_of,
    count_parts,
    enclosed,
    grow,
    largest_part,
    part_voxels,
    reached_from_faces,
    small_parts,
    without_specks,
)


def block(*corners, shape=(40, 40, 40)):
    """Return a mask of boxes, each given as (low, high) of its corner voxels, high excluded."""
    mask = np.zeros(shape, dtype=bool)
    for low, high in corners:
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


MAIN = ((5, 5, 5), (25, 25, 25))
"""8000 voxels: a speck has fewer than 8."""


def test_a_speck_beside_one_large_part_is_dropped():
    mask = block(MAIN, ((38, 38, 38), (39, 39, 39)))
    clean, parts = without_specks(mask)
    assert parts == Parts(1, 1.0, 1)
    np.testing.assert_array_equal(clean, block(MAIN))


def test_a_part_of_a_thousandth_of_the_largest_stays():
    mask = block(MAIN, ((30, 30, 30), (32, 32, 32)), ((36, 36, 36), (37, 37, 43)))
    clean, parts = without_specks(mask)
    # The cube has 8 voxels, just a thousandth; the line has 4.
    assert parts == Parts(2, pytest.approx(8000 / 8008), 1)
    assert clean[30, 30, 30]
    assert not clean[36, 36, 36]


def test_a_single_voxel_beside_a_small_object_is_a_speck():
    # 216 voxels, of which a thousandth is less than one; 4 voxels may be a fragment.
    small = ((5, 5, 5), (11, 11, 11))
    mask = block(small, ((30, 30, 30), (31, 31, 31)), ((20, 20, 20), (22, 22, 21)))
    clean, parts = without_specks(mask)
    assert parts == Parts(2, pytest.approx(216 / 220), 1)
    assert not clean[30, 30, 30]


def test_nothing_is_dropped_where_no_part_is_the_object():
    # Two halves of 4000 voxels: a voxel beside them may be a third piece of what was broken.
    mask = block(((0, 0, 0), (10, 20, 20)), ((20, 0, 0), (30, 20, 20)), ((38, 38, 38), (39, 39, 39)))
    clean, parts = without_specks(mask)
    assert clean is mask
    assert parts == Parts(3, pytest.approx(4000 / 8001), 0)


def test_parts_that_share_a_corner_are_one():
    mask = block(((0, 0, 0), (2, 2, 2)), ((2, 2, 2), (4, 4, 4)), ((6, 6, 6), (7, 7, 7)))
    assert count_parts(mask) == Parts(2, pytest.approx(16 / 17))
    np.testing.assert_array_equal(part_voxels(mask), [16, 1])
    assert largest_part(mask).sum() == 16


def test_an_empty_mask_has_no_part():
    empty = np.zeros((4, 4, 4), dtype=bool)
    assert without_specks(empty) == (empty, Parts(0, 0.0))
    assert count_parts(empty) == Parts(0, 0.0)
    assert not largest_part(empty).any()
    assert empty[box_of(empty)].size == 0


def test_the_box_is_wider_by_its_margin_but_not_than_the_grid():
    assert box_of(block(MAIN), (2, 10, 30)) == (slice(3, 27), slice(0, 35), slice(0, 55))
    assert block(MAIN)[box_of(block(MAIN), (2, 10, 30))].shape == (24, 35, 40)


def test_a_mask_grows_by_voxels_of_each_axis_and_stops_at_the_faces():
    grown = grow(block(((5, 5, 0), (6, 6, 1))), (1, 0, 3))
    np.testing.assert_array_equal(grown, block(((4, 5, 0), (7, 6, 4))))


def test_the_inside_of_a_shell_and_of_an_open_tube_is_enclosed():
    shell = block(((5, 5, 5), (15, 15, 15))) & ~block(((7, 7, 7), (13, 13, 13)))
    np.testing.assert_array_equal(enclosed(shell), block(((5, 5, 5), (15, 15, 15))))
    tube = block(((5, 5, 0), (15, 15, 40))) & ~block(((7, 7, 0), (13, 13, 40)))
    np.testing.assert_array_equal(enclosed(tube), block(((5, 5, 0), (15, 15, 40))))


def test_what_lies_between_two_plates_is_not_enclosed():
    plates = block(((5, 5, 5), (6, 15, 15)), ((14, 5, 5), (15, 15, 15)))
    np.testing.assert_array_equal(enclosed(plates), plates)


def test_the_outside_is_reached_and_a_hollow_is_not():
    shell = block(((5, 5, 5), (15, 15, 15))) & ~block(((7, 7, 7), (13, 13, 13)))
    np.testing.assert_array_equal(reached_from_faces(~shell), ~block(((5, 5, 5), (15, 15, 15))))


def test_small_parts_are_neither_specks_nor_long():
    mask = np.zeros((20, 20), bool)
    mask[2:5, 2:5] = mask[10, :] = mask[15, 15] = True
    found = small_parts(mask, 2, 8)
    assert found[2:5, 2:5].all()
    assert found.sum() == 9
