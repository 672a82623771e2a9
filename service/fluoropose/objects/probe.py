"""The head of a transoesophageal echo probe, about 37 mm: plastic shell, array, backing and wires. Lengths in mm.

Axes: +z along the shaft, +y the direction the array faces, +x across. The shape is our own; its size is the paper's
(37 mm).
"""

import numpy as np

from fluoropose.objects.shapes import Part, box, capsule, cylinder, ellipsoid, place, scale

__all__ = ["HALF_EXTENT_MM", "probe_parts"]

HALF_EXTENT_MM = np.array([9.0, 8.0, 18.0])

_PLASTIC, _EPOXY, _CERAMIC, _METAL = 0.024, 0.055, 0.45, 0.24
"""Effective attenuation in 1/mm: hard plastic, filled backing, lead-based ceramic, steel or tungsten-filled parts."""


_SCALE = 0.88
"""The solids below are scaled by this to the paper's 37 mm."""


def probe_parts() -> list[Part]:
    """Return the solids of the probe; the circuit, the pin and the pull-wires leave it no symmetry."""
    still = np.eye(3)
    parts = [
        Part(capsule(np.array([0.0, 0.0, -13.5]), np.array([0.0, 0.0, 9.5]), 6.6), _PLASTIC),
        Part(place(ellipsoid(np.array([7.6, 6.9, 13.0])), np.array([0.0, 0.2, 2.0]), still), _PLASTIC),
        Part(place(box(np.array([5.2, 2.0, 7.5]), 0.6), np.array([0.0, 1.2, 3.5]), still), _EPOXY),
        Part(place(box(np.array([4.6, 0.7, 6.6])), np.array([0.0, 4.0, 3.5]), still), _CERAMIC),
        Part(place(box(np.array([5.6, 0.35, 6.2])), np.array([0.6, -2.6, 1.0]), still), _METAL * 0.6),
        Part(place(box(np.array([1.4, 0.8, 2.1])), np.array([-2.8, -3.6, 4.2]), still), _METAL),
        Part(place(box(np.array([0.9, 0.7, 1.2])), np.array([3.0, -3.5, -2.2]), still), _METAL),
        Part(place(box(np.array([1.8, 0.6, 0.8])), np.array([2.2, -3.5, 6.3]), still), _CERAMIC),
        Part(cylinder(np.array([0.0, 0.0, -15.5]), np.array([0.0, 0.0, -13.0]), 5.2), _METAL * 0.55),
        Part(cylinder(np.array([0.0, 0.0, -15.7]), np.array([0.0, 0.0, -12.8]), 4.0), _EPOXY),
        Part(capsule(np.array([4.2, -1.0, -16.0]), np.array([3.4, -1.6, -6.0]), 0.55), _METAL),
        Part(capsule(np.array([-3.6, 2.2, -16.0]), np.array([-4.4, 0.4, -3.0]), 0.55), _METAL),
        Part(capsule(np.array([-1.2, -3.0, -16.0]), np.array([-1.0, -2.6, -5.0]), 0.9), _METAL * 0.8),
        Part(place(ellipsoid(np.array([1.1, 1.1, 1.1])), np.array([-3.2, 2.6, 12.0]), still), _METAL),
    ]
    return [Part(scale(part.distance, _SCALE), part.attenuation_per_mm) for part in parts]
