"""Polygons around the parts of a picture that lie above a level, in pixels (column, row)."""

import numpy as np
from contourpy import LineType, contour_generator

from fluoropose.arrays import Float32, Float64

__all__ = ["contour_polygons", "polygon_area"]

_LEAST_AREA = 0.5
"""Polygons of a smaller area, in pixels, are single noisy pixels."""


def contour_polygons(picture: Float32, level: float) -> list[Float64]:
    """Return the closed polygons at a level, each (n, 2) pixels (column, row) without its first point again.

    Corners lie between pixel centres, by linear interpolation. What is beyond the picture counts as 0, so that a part
    that reaches the picture's edge is closed along it. Holes are polygons too: a point is inside where an odd number of
    polygons go round it. The largest polygon comes first.
    """
    padded = np.pad(np.asarray(picture, np.float64), 1)
    generator = contour_generator(z=padded, name="serial", line_type=LineType.Separate)
    polygons = [np.asarray(line)[:-1] - 1.0 for line in generator.lines(level)]
    areas = {id(polygon): polygon_area(polygon) for polygon in polygons}
    kept = [polygon for polygon in polygons if areas[id(polygon)] >= _LEAST_AREA]
    return sorted(kept, key=lambda polygon: -areas[id(polygon)])


def polygon_area(polygon: Float64) -> float:
    """Return the area of a polygon (n, 2), in the square of its unit."""
    x, y = polygon.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
