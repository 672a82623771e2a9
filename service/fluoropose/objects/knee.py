"""A femoral knee component, about 110 mm: a J-shaped metal shell with two unequal condyles and two pegs. Lengths in mm.

Axes: +x left, +y posterior, +z superior. The shape is our own; its size is the paper's (a bounding diagonal of 110 mm).
"""

import numpy as np

from fluoropose.arrays import Float64, Points
from fluoropose.objects.shapes import Distance, Part, cylinder

__all__ = ["HALF_EXTENT_MM", "knee_parts"]

HALF_EXTENT_MM = np.array([40.0, 36.0, 36.0])

_COBALT_CHROME_PER_MM = 0.22
"""The effective value behind a hardened beam: less than that of the metal at 70 keV, which hardly a photon passes."""


def knee_parts() -> list[Part]:
    """Return the solids of the component: the shell and its two pegs."""
    return [
        Part(_shell, _COBALT_CHROME_PER_MM),
        Part(_peg(-17.0, 3.6, 13.0), _COBALT_CHROME_PER_MM),
        Part(_peg(15.0, 3.0, 10.0), _COBALT_CHROME_PER_MM),
    ]


def _peg(x: float, radius: float, height: float) -> Distance:
    return cylinder(np.array([x, 4.0, -16.0]), np.array([x, 4.0, -16.0 + height]), radius)


def _shell(points: Points) -> Float64:
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    half_width = np.where(y < -10.0, 28.0 + 0.25 * (y + 10.0), 36.0)
    # The articular surface is an ellipse in the sagittal plane with a bulge at each condyle, the lateral one smaller.
    bulge = 3.0 * np.exp(-(((x + 17.0) / 9.0) ** 2)) + 1.2 * np.exp(-(((x - 17.0) / 8.0) ** 2))
    groove = 2.5 * np.exp(-((x / 6.0) ** 2)) * (y < 0)
    outer = _ellipse(y, z + 2.0, 29.0 + 0.6 * bulge - groove, 25.0 + bulge - groove)
    inner = _box2(y - 0.5, z - 9.0, 20.5, 25.0, 6.0)
    shell = np.maximum(outer, -inner)
    # The flange in front is higher than the condyles behind, and the medial condyle is higher than the lateral one.
    top = np.where(y < 0, 29.0, np.where(x < 0, 14.0, 9.0))
    shell = np.maximum(shell, z - top)
    notch = np.maximum(np.abs(x - 1.0) - 8.5, -(y + 2.0 + 0.25 * z))
    shell = np.maximum(shell, -notch)
    return np.asarray(np.maximum(shell, np.abs(x) - half_width))


def _ellipse(y: Float64, z: Float64, a: Float64, b: Float64) -> Float64:
    k0 = np.hypot(y / a, z / b)
    k1 = np.hypot(y / a**2, z / b**2)
    return k0 * (k0 - 1.0) / np.maximum(k1, 1e-9)


def _box2(y: Float64, z: Float64, half_y: float, half_z: float, rounding: float) -> Float64:
    beyond_y, beyond_z = np.abs(y) - half_y + rounding, np.abs(z) - half_z + rounding
    outside = np.hypot(np.maximum(beyond_y, 0.0), np.maximum(beyond_z, 0.0))
    return np.asarray(outside + np.minimum(np.maximum(beyond_y, beyond_z), 0.0) - rounding)
