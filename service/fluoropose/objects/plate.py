"""A volar plate for the distal radius, about 60 mm: a bent T of titanium with holes, screws and pegs. Lengths in mm.

Axes: +x left, +y posterior (where the screws point), +z superior. The shape is our own; its size is the paper's, 61 mm.
"""

import numpy as np

from fluoropose.arrays import Float64, Points
from fluoropose.objects.shapes import Distance, Part, capsule

__all__ = ["HALF_EXTENT_MM", "plate_parts"]

HALF_EXTENT_MM = np.array([15.0, 16.0, 31.0])

_TITANIUM_PER_MM = 0.25
"""Attenuation of titanium at 70 keV: about 2.5 / cm (NIST XCOM, 0.55 cm2/g times 4.51 g/cm3)."""

_HALF_THICKNESS_MM = 1.25
_SHAFT_HOLES = ((-0.6, -21.0, 1.9), (0.8, -13.0, 1.9), (-0.4, -4.5, 1.6))
_HEAD_HOLES = ((-8.0, 16.5, 1.3), (-2.5, 18.5, 1.3), (3.5, 18.0, 1.3), (8.5, 15.0, 1.3), (-4.5, 12.0, 1.3))
_PEGS = ((-8.0, 16.5, 15.0), (-2.5, 18.5, 17.0), (8.5, 15.0, 12.0))


def plate_parts() -> list[Part]:
    """Return the solids of the plate: the bent T, two shaft screws of unequal length and three pegs."""
    parts = [Part(_plate, _TITANIUM_PER_MM)]
    parts += [Part(_screw(x, z, length, 0.9), _TITANIUM_PER_MM) for x, z, length in _PEGS]
    parts += [Part(_screw(-0.6, -21.0, 13.0, 1.4), _TITANIUM_PER_MM)]
    parts += [Part(_screw(0.8, -13.0, 9.0, 1.4), _TITANIUM_PER_MM)]
    return parts


def _surface_y(x: Float64, z: Float64) -> Float64:
    """Return y of the plate's middle surface: the head is bent to follow the bone."""
    return np.asarray(-6.0 - 0.42 * np.maximum(z - 5.0, 0.0) * 0.8 + 0.012 * x**2 + 0.0015 * x * z)


def _screw(x: float, z: float, length: float, radius: float) -> Distance:
    y = float(_surface_y(np.array(x), np.array(z)))
    return capsule(np.array([x, y, z]), np.array([x * 0.9, y + length, z + 0.12 * length]), radius)


def _plate(points: Points) -> Float64:
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    widening = np.clip((z - 5.0) / 8.0, 0.0, 1.0)
    middle = 1.2 * widening
    half_width = 4.2 + 7.6 * widening - 0.03 * np.maximum(-z, 0.0)
    outline = np.maximum(np.abs(x - middle) - half_width, np.maximum(-28.0 - z, z - 24.0 + 0.10 * (x - 4.0) ** 2 * 0.4))
    for hole_x, hole_z, radius in _SHAFT_HOLES + _HEAD_HOLES:
        outline = np.maximum(outline, radius - np.hypot(x - hole_x, z - hole_z))
    return np.asarray(np.maximum(outline, np.abs(y - _surface_y(x, z)) * 0.93 - _HALF_THICKNESS_MM))
