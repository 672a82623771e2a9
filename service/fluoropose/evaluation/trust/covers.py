"""What hides a part of an object: which pixels, and how much they attenuate. Pure; lengths in pixels.

A cover is described by a field over the picture: a pixel is covered where the field is below a level. The level is the
quantile of the field over the object's own pixels, so that a chosen share of the object is hidden.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Bool, Float64

__all__ = ["Cover", "blade_cover", "circle_cover", "field_cover", "instrument_cover", "plate_cover", "silhouette"]

_LEAF_LINES = 5.1
"""Line integral of a collimator's leaf: 0.6 % of the beam pass it."""

_SEEN_SHARE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """Line integrals that a cover adds, (rows, columns), and which pixels it hides."""

    lines: Float64
    hidden: Bool

    def visible_share(self, object_mask: Bool) -> float:
        """Return which share of an object's pixels is not hidden."""
        return float((object_mask & ~self.hidden).sum() / max(object_mask.sum(), 1))


def silhouette(lines: Float64) -> Bool:
    """Return the pixels that show an object: its line integral is above a twentieth of the largest."""
    return np.asarray(lines > _SEEN_SHARE * max(float(lines.max()), 1e-9))


def blade_cover(object_mask: Bool, share: float, rng: np.random.Generator) -> Cover:
    """Return a collimator's leaf that comes from one side."""
    u, v = _grid(object_mask)
    angle = rng.uniform(0.0, 2.0 * np.pi)
    return _opaque(object_mask, np.cos(angle) * u + np.sin(angle) * v, share, _LEAF_LINES)


def field_cover(object_mask: Bool, share: float, rng: np.random.Generator) -> Cover:
    """Return a rectangular collimator, turned and shifted, outside of which all is dark."""
    u, v = _about(object_mask, rng)
    angle, ratio = rng.uniform(0.0, np.pi), rng.uniform(0.6, 1.6)
    along, across = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
    return _opaque(object_mask, -np.maximum(np.abs(along), ratio * np.abs(across)), share, _LEAF_LINES)


def circle_cover(object_mask: Bool, share: float, rng: np.random.Generator) -> Cover:
    """Return a circular field, outside of which all is dark."""
    u, v = _about(object_mask, rng)
    return _opaque(object_mask, -np.hypot(u, v), share, _LEAF_LINES)


def plate_cover(object_mask: Bool, share: float, rng: np.random.Generator) -> Cover:
    """Return a metal plate of random proportions and thickness that lies over the object."""
    u, v = _about(object_mask, rng)
    angle, ratio = rng.uniform(0.0, np.pi), rng.uniform(0.25, 1.0)
    along, across = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
    return _opaque(object_mask, np.maximum(ratio * np.abs(along), np.abs(across)), share, float(rng.uniform(0.6, 3.0)))


def instrument_cover(object_mask: Bool, share: float, rng: np.random.Generator) -> Cover:
    """Return one to three metal rods that cross the object, as thick together as to hide the share of it."""
    u, v = _about(object_mask, rng)
    distance = np.full(object_mask.shape, np.inf)
    for _ in range(int(rng.integers(1, 4))):
        angle, offset = rng.uniform(0.0, np.pi), rng.normal() * 0.3 * _spread(object_mask)
        distance = np.minimum(distance, np.abs(np.cos(angle) * u + np.sin(angle) * v - offset))
    radius = _level(object_mask, distance, share)
    chord = np.sqrt(np.maximum(radius**2 - distance**2, 0.0)) / max(radius, 1e-9)
    return Cover(float(rng.uniform(1.0, 5.0)) * chord, np.asarray(distance < radius))


def _opaque(object_mask: Bool, field: Float64, share: float, lines: float) -> Cover:
    hidden = np.asarray(field < _level(object_mask, field, share))
    return Cover(np.where(hidden, lines, 0.0), hidden)


def _level(object_mask: Bool, field: Float64, share: float) -> float:
    """Return the level below which `share` of the object's pixels lie."""
    return float(np.quantile(field[object_mask], share)) if object_mask.any() else -np.inf


def _grid(mask: Bool) -> tuple[Float64, Float64]:
    v, u = np.meshgrid(np.arange(mask.shape[0], dtype=float), np.arange(mask.shape[1], dtype=float), indexing="ij")
    return u, v


def _about(mask: Bool, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Return the columns and rows of all pixels from a random pixel of the object on."""
    u, v = _grid(mask)
    places = np.argwhere(mask)
    if len(places) == 0:
        return u, v
    row, column = places[int(rng.integers(len(places)))]
    return u - column, v - row


def _spread(mask: Bool) -> float:
    """Return how far an object's pixels lie from their middle, root mean square."""
    places = np.argwhere(mask)
    return float(np.sqrt(places.var(axis=0).sum())) if len(places) else 0.0
