"""Ten objects of families that no training draws: springs, gears, hooks and the like. Lengths in mm.

They are fixed, so that every measurement sees the same. Each is a function to its solids, which later ones replace.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Points, Vec3
from fluoropose.geometry.rotation import about_x, about_y, about_z
from fluoropose.imaging.volume import Volume
from fluoropose.objects.shapes import Distance, Part, box, capsule, cylinder, ellipsoid, place, voxelise

__all__ = ["FAMILIES", "UnseenObject"]

_STEEL, _TITANIUM, _BONE = 0.25, 0.11, 0.045


@dataclass(frozen=True, slots=True, eq=False)
class UnseenObject:
    """An object with its solids, the half sizes of its box and its voxel size, mm."""

    name: str
    parts: Callable[[], list[Part]]
    half_extent_mm: tuple[float, float, float]
    voxel_mm: float

    def volume(self, voxel_mm: float) -> Volume:
        """Return the attenuation in 1/mm at a voxel size."""
        return voxelise(self.parts(), np.array(self.half_extent_mm), voxel_mm)


def _spring() -> list[Part]:
    turns = np.linspace(0.0, 9.0 * np.pi, 55)
    points = np.stack([12 * np.cos(turns), 12 * np.sin(turns), np.linspace(-30, 24, len(turns))], axis=1)
    return [Part(_wire([*points, np.array([0.0, 0.0, 30.0])], 1.7), _STEEL)]


def _gear() -> list[Part]:
    def teeth(points: Points) -> Float64:
        x, y, z = np.moveaxis(points, -1, 0)
        radius = 22.0 + 3.0 * np.clip(2.5 * np.cos(11 * np.arctan2(y, x)), -1, 1)
        return np.asarray(np.maximum((np.hypot(x, y) - radius) * 0.8, np.abs(z) - 4.0))

    hub = cylinder(np.array([0.0, 0.0, -12.0]), np.array([0.0, 0.0, 6.0]), 8.0)
    key = place(box(np.array([2.0, 7.0, 20.0])), np.array([0.0, 5.0, 0.0]), np.eye(3))
    hole = place(
        cylinder(np.array([0.0, 0.0, -9.0]), np.array([0.0, 0.0, 9.0]), 4.0), np.array([13.0, 0, 0]), np.eye(3)
    )
    return [Part(teeth, _TITANIUM), Part(hub, _TITANIUM), Part(key, 0.0), Part(hole, 0.0)]


def _hook() -> list[Part]:
    turns = np.linspace(-0.4, 1.25 * np.pi, 20)
    bend = np.stack([18 * np.cos(turns), 0 * turns, 18 * np.sin(turns)], axis=1)
    return [Part(_wire([np.array([16.5, 4.0, -46.0]), *bend], 3.4), _STEEL),
            Part(_ball((7.0, 5.0, 7.0), (16.5, 4.0, -46.0)), _STEEL)]  # fmt: skip


def _twisted_bar() -> list[Part]:
    def bar(points: Points) -> Float64:
        x, y, z = np.moveaxis(points, -1, 0)
        turn = 0.035 * z
        c, s = np.cos(turn), np.sin(turn)
        return 0.7 * box(np.array([12.0, 4.0, 45.0]), 1.0)(np.stack([c * x + s * y, c * y - s * x, z], axis=-1))

    return [
        Part(bar, _TITANIUM),
        Part(_ball((5.0, 9.0, 4.0), (8.0, 0.0, 38.0)), 0.2),
    ]


def _tetrapod() -> list[Part]:
    ends = [(30, 5, -18), (-26, 14, -20), (-2, -30, -14), (4, 3, 36)]
    legs = [capsule(np.zeros(3), np.array(end, float), 3.0 + 0.8 * n) for n, end in enumerate(ends)]
    return [Part(leg, _STEEL * 0.6) for leg in legs]


def _lattice() -> list[Part]:
    grid = np.array([-15.0, 0.0, 15.0])
    bars = []
    for a in grid:
        for b in grid:
            if (a, b) != (15.0, 15.0):
                bars.append(capsule(np.array([-15.0, a, b]), np.array([15.0, a, b]), 1.3))
                bars.append(capsule(np.array([a, -15.0, b]), np.array([a, 15.0, b]), 1.1))
            bars.append(capsule(np.array([a, b, -15.0]), np.array([a, b, 15.0 if a < 15 else 0.0]), 1.5))
    return [Part(_union(bars), _TITANIUM)]


def _tooth() -> list[Part]:
    crown = place(box(np.array([11.0, 9.0, 8.0]), 5.0), np.array([0.0, 0.0, 14.0]), np.eye(3))
    cusps = [_ball((4.5, 4.0, 4.0), (x, y, 21.0 + 0.1 * x))
             for x in (-5.5, 5.5) for y in (-4.0, 4.5)]  # fmt: skip
    roots = [capsule(np.array([x, y, 8.0]), np.array([1.9 * x, 1.5 * y, low]), 3.2)
             for x, y, low in ((-5.0, -2.0, -22.0), (5.0, -3.0, -18.0), (0.0, 5.0, -25.0))]  # fmt: skip
    pulp = [Part(_ball((4.0, 3.5, 4.5), (0.0, 0.0, 10.0)), 0.02)]
    return [Part(_union([crown, *cusps, *roots]), 1.6 * _BONE), *pulp]


def _chain() -> list[Part]:
    def link(shift: Vec3, turn: Float64) -> Distance:
        angles = np.linspace(0.1, 2 * np.pi + 0.1, 15)
        loop = np.stack([11 * np.cos(angles), 0 * angles, 8 * np.sin(angles) + 8 * np.sign(np.sin(angles))], axis=1)
        return place(_wire(list(loop), 2.4), shift, turn)

    return [Part(_union([link(np.array([0, 0, -23.0]), np.eye(3)), link(np.array([1.0, 0, 1.0]), about_z(1.3)),
                         link(np.array([0.0, 2.0, 25.0]), about_z(0.2) @ about_x(0.3))]), _STEEL)]  # fmt: skip


def _spanner() -> list[Part]:
    handle = place(box(np.array([6.0, 2.2, 45.0]), 1.0), np.zeros(3), np.eye(3))
    jaw = place(ellipsoid(np.array([15.0, 5.0, 15.0])), np.array([0.0, 0.0, 48.0]), np.eye(3))
    ring = cylinder(np.array([0.0, -4.0, -50.0]), np.array([0.0, 4.0, -50.0]), 11.0)
    gap = place(box(np.array([6.0, 9.0, 13.0])), np.array([3.0, 0.0, 60.0]), about_y(0.26))
    eye = cylinder(np.array([0.0, -9.0, -50.0]), np.array([0.0, 9.0, -50.0]), 6.5)
    return [Part(_union([handle, jaw, ring]), _STEEL), Part(gap, 0.0), Part(eye, 0.0)]


def _cage() -> list[Part]:
    window = box(np.array([4.0, 7.0, 9.0]), 1.0)
    windows = [Part(place(window, np.array([x, 0.0, 0.0]), np.eye(3)), 0.0) for x in (-6.0, 5.5)]
    pins = [(-12.0, 9.0), (12.0, 9.0), (-11.0, -9.0)]
    marks = [Part(capsule(np.array([x, y, -5.0]), np.array([x, y, 5.0]), 0.9), 0.5) for x, y in pins]
    grip = capsule(np.array([13.0, -8.0, 0.0]), np.array([22.0, -14.0, 4.0]), 1.6)
    return [Part(box(np.array([14.0, 11.0, 6.0]), 3.0), 0.7 * _TITANIUM), *windows, *marks, Part(grip, _TITANIUM)]


def _ball(semi_axes_mm: tuple[float, float, float], centre_mm: tuple[float, float, float]) -> Distance:
    return place(ellipsoid(np.array(semi_axes_mm)), np.array(centre_mm), np.eye(3))


def _union(solids: list[Distance]) -> Distance:
    return lambda points: np.minimum.reduce([solid(points) for solid in solids])


def _wire(points: list[Vec3], radius_mm: float) -> Distance:
    return _union([capsule(a, b, radius_mm) for a, b in zip(points[:-1], points[1:], strict=True)])


FAMILIES = tuple(
    UnseenObject(*facts)
    for facts in (
        ("spring", _spring, (16.0, 16.0, 34.0), 0.6),
        ("gear", _gear, (27.0, 27.0, 14.0), 0.4),
        ("hook", _hook, (26.0, 12.0, 54.0), 0.65),
        ("twisted-bar", _twisted_bar, (17.0, 17.0, 47.0), 0.5),
        ("tetrapod", _tetrapod, (36.0, 36.0, 42.0), 0.6),
        ("lattice", _lattice, (18.0, 18.0, 18.0), 0.4),
        ("tooth", _tooth, (15.0, 14.0, 30.0), 0.35),
        ("chain", _chain, (20.0, 20.0, 46.0), 0.65),
        ("spanner", _spanner, (20.0, 12.0, 66.0), 0.6),
        ("cage", _cage, (26.0, 20.0, 10.0), 0.3),
    )
)
