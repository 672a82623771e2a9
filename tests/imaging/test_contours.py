"""Polygons of pictures whose outlines are known."""

import numpy as np
import pytest

from fluoropose.imaging.contours import contour_polygons, polygon_area


def cone(rows, columns, centre, radius):
    """Return a picture that is 1 at `radius` from `centre` (column, row) and rises inwards by 1 per pixel."""
    v, u = np.indices((rows, columns))
    return np.maximum(1.0 + radius - np.hypot(u - centre[0], v - centre[1]), 0.0)


def test_a_disc_has_its_radius_and_its_centre_between_the_pixels():
    (polygon,) = contour_polygons(cone(40, 60, (31.4, 18.7), 12.3), 1.0)
    np.testing.assert_allclose(np.hypot(*(polygon - [31.4, 18.7]).T), 12.3, atol=0.02)
    assert polygon_area(polygon) == pytest.approx(np.pi * 12.3**2, rel=0.005)


def test_a_ring_has_a_hole_that_comes_second():
    ring = cone(60, 60, (30, 30), 20.0) * (cone(60, 60, (30, 30), 8.0) < 1.0)
    outer, inner = contour_polygons(ring, 0.5)
    assert polygon_area(outer) > polygon_area(inner) > np.pi * 7.0**2


def test_what_reaches_the_edge_is_closed_along_it():
    picture = np.zeros((10, 12))
    picture[4:, :5] = 1.0
    (polygon,) = contour_polygons(picture, 0.5)
    assert (polygon.min(axis=0) == [-0.5, 3.5]).all()
    assert (polygon.max(axis=0) == [4.5, 9.5]).all()


def test_single_pixels_and_empty_pictures_have_no_polygon():
    picture = np.zeros((10, 12))
    assert contour_polygons(picture, 0.5) == []
    picture[5, 5] = 0.6
    assert contour_polygons(picture, 0.5) == []
