"""Signed distances by hand, and their sampling on a grid."""

import numpy as np

from fluoropose.objects.shapes import box, capsule, cylinder, ellipsoid, scale


def test_distances_by_hand():
    points = np.array([[0.0, 0, 0], [5.0, 0, 0]])
    np.testing.assert_allclose(ellipsoid(np.full(3, 2.0))(points)[1], 3.0)
    np.testing.assert_allclose(box(np.array([2.0, 3, 4]))(points), [-2.0, 3.0])
    np.testing.assert_allclose(capsule(np.array([0.0, 0, -1]), np.array([0.0, 0, 1]), 2.0)(points), [-2.0, 3.0])
    np.testing.assert_allclose(cylinder(np.array([0.0, 0, -1]), np.array([0.0, 0, 1]), 2.0)(points), [-1.0, 3.0])
    np.testing.assert_allclose(scale(box(np.array([2.0, 3, 4])), 2.0)(points), [-4.0, 1.0])
