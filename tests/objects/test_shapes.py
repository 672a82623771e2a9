"""Signed distances by hand, and their sampling on a grid."""

import numpy as np
import pytest

from fluoropose.geometry.rotation import about_z
from fluoropose.objects.shapes import Part, box, capsule, cylinder, ellipsoid, place, scale, voxelise


def test_distances_by_hand():
    points = np.array([[0.0, 0, 0], [5.0, 0, 0]])
    np.testing.assert_allclose(ellipsoid(np.full(3, 2.0))(points)[1], 3.0)
    np.testing.assert_allclose(box(np.array([2.0, 3, 4]))(points), [-2.0, 3.0])
    np.testing.assert_allclose(capsule(np.array([0.0, 0, -1]), np.array([0.0, 0, 1]), 2.0)(points), [-2.0, 3.0])
    np.testing.assert_allclose(cylinder(np.array([0.0, 0, -1]), np.array([0.0, 0, 1]), 2.0)(points), [-1.0, 3.0])
    np.testing.assert_allclose(scale(box(np.array([2.0, 3, 4])), 2.0)(points), [-4.0, 1.0])


def test_a_solid_is_turned_about_the_origin_then_moved():
    bar = place(box(np.array([5.0, 1.0, 1.0])), np.array([0.0, 0.0, 10.0]), about_z(np.pi / 2))
    inside, beside = np.array([0.0, 4.0, 10.0]), np.array([4.0, 0.0, 10.0])
    np.testing.assert_allclose(bar(np.stack([inside, beside])), [-1.0, 3.0], atol=1e-12)


def test_rounding_takes_a_boxs_corners_only():
    sharp, rounded = (box(np.full(3, 4.0), rounding) for rounding in (0.0, 1.0))
    face, corner = np.array([[5.0, 0.0, 0.0]]), np.array([[4.0, 4.0, 4.0]])
    np.testing.assert_allclose(rounded(face), sharp(face))
    # The corner lies sqrt(3) from the middle of the rounding sphere of radius 1.
    np.testing.assert_allclose([sharp(corner)[0], rounded(corner)[0]], [0.0, np.sqrt(3.0) - 1.0], atol=1e-12)


def test_voxels_hold_a_solids_mass():
    # The faces lie between voxel centres, which are on whole mm: 9 x 11 x 13 voxels are full.
    volume = voxelise([Part(box(np.array([4.5, 5.5, 6.5])), 0.2)], np.full(3, 8.0), 1.0)
    assert float(volume.values.sum()) == pytest.approx(0.2 * 9 * 11 * 13, rel=1e-6)
    np.testing.assert_allclose(volume.centre_mm, 0.0, atol=1e-9)


def test_a_voxel_that_a_face_cuts_in_half_holds_half():
    volume = voxelise([Part(box(np.array([4.0, 5.0, 6.0])), 0.2)], np.full(3, 8.0), 1.0)
    along = volume.values[:, volume.values.shape[1] // 2, volume.values.shape[2] // 2]
    np.testing.assert_allclose(along, [0.0, 0.1, *[0.2] * 7, 0.1, 0.0], atol=1e-6)


def test_a_later_part_replaces_an_earlier_one():
    outer, inner = Part(box(np.full(3, 4.0)), 0.2), Part(box(np.full(3, 2.0)), 0.05)
    middle = [voxelise(parts, np.full(3, 6.0), 1.0).values for parts in ([outer, inner], [inner, outer])]
    assert [float(values[tuple(np.array(values.shape) // 2)]) for values in middle] == pytest.approx([0.05, 0.2])


def test_the_centre_of_an_ellipsoid_lies_a_half_axis_inside():
    distance = ellipsoid(np.array([9.0, 5.0, 7.0]))
    np.testing.assert_allclose(distance(np.zeros((1, 3))), [-5.0])
