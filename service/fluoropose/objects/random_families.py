"""Random objects of anatomical and implant-like families, beside the plain unions of `random_objects`. Lengths in mm.

Every family is drawn inside a box of half sizes `half_mm`, shape (3,), centred at the origin. None of them is one of
the objects that ship or that results are reported for: a family has random proportions, and only the kind is shared.
"""

from collections.abc import Callable

import numpy as np

from fluoropose.arrays import Float64, Mat33, Points, Vec3
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.objects.shapes import Distance, Part, box, capsule, cylinder, ellipsoid, place

__all__ = [
    "BONES",
    "Family",
    "METALS",
    "flat_bone_parts",
    "long_bone_parts",
    "plate_like_parts",
    "shell_implant_parts",
    "stem_parts",
    "vertebra_like_parts",
]

_CORTEX_PER_MM = (0.02, 0.07)
_METAL_PER_MM = (0.08, 0.4)

Family = Callable[[np.random.Generator, Float64], list[Part]]
"""It draws the solids of one object: (random numbers, half sizes in mm) to parts."""


def long_bone_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return a shaft with two knobbed ends: a cortex and its lighter inside."""
    length, wide = float(half_mm.max()), float(np.sort(half_mm)[1])
    turn = _axis_turn(int(half_mm.argmax()))
    radius = wide * rng.uniform(0.2, 0.45)
    ends = rng.uniform(0.62, 0.8, 2) * length * np.array([-1.0, 1.0])
    bow = rng.normal(size=2) * 0.12 * wide
    knots = [np.array([0.0, 0.0, ends[0]]), np.array([*bow, 0.0]), np.array([0.0, 0.0, ends[1]])]
    solids: list[Distance] = [capsule(a, b, radius) for a, b in zip(knots[:-1], knots[1:], strict=True)]
    for end, knob in zip(knots[::2], rng.integers(1, 4, 2), strict=True):
        for _ in range(knob):
            sizes = wide * rng.uniform(0.35, 0.8, 3)
            off = np.array([*(rng.normal(size=2) * 0.3 * wide), rng.normal() * 0.1 * length])
            solids.append(place(ellipsoid(sizes), end + off, _turn(rng, 0.5)))
    return _bone(rng, place(_union(solids), np.zeros(3), turn), wide)


def vertebra_like_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return a round body, an arch about a canal, two side processes, one behind, and joints, mirrored in x."""
    x, y, z = half_mm
    body_y = -y * rng.uniform(0.35, 0.5)
    sizes = np.array([x * rng.uniform(0.4, 0.65), y * rng.uniform(0.35, 0.5), z * rng.uniform(0.45, 0.75)])
    waist = rng.uniform(0.05, 0.25)
    solids: list[Distance] = [_waisted(sizes, np.array([0.0, body_y, -0.1 * z]), waist)]
    arch_y, thick = y * rng.uniform(0.05, 0.3), z * rng.uniform(0.12, 0.25)
    arch_x = sizes[0] * rng.uniform(0.5, 0.8)
    tip = np.array([0.0, y * rng.uniform(0.65, 0.9), -z * rng.uniform(0.1, 0.7)])
    solids.append(capsule(np.array([0.0, arch_y + 0.2 * y, 0.0]), tip, 0.8 * thick))
    side = np.array([x * rng.uniform(0.6, 0.9), y * rng.uniform(-0.1, 0.4), z * rng.uniform(-0.2, 0.4)])
    joint = np.array([arch_x, arch_y + 0.1 * y, 0.0])
    up, down = z * rng.uniform(0.3, 0.75, 2)
    for sign in (-1.0, 1.0):
        mirror = np.array([sign, 1.0, 1.0])
        pedicle = np.array([arch_x * 0.9, body_y + 0.6 * sizes[1], 0.15 * z])
        solids.append(capsule(mirror * pedicle, mirror * joint, thick))
        solids.append(capsule(mirror * joint, np.array([0.0, arch_y + 0.3 * y, -0.05 * z]), thick))
        solids.append(capsule(mirror * joint, mirror * side, 0.7 * thick))
        solids.append(capsule(mirror * (joint + [0, 0, up]), mirror * (joint + [0, 0.1 * y, -down]), 0.7 * thick))
    return _bone(rng, _union(solids), float(half_mm.min()))


def flat_bone_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return curved plates with thick borders, as of a pelvis, a scapula or a skull's base."""
    solids: list[Distance] = []
    for _ in range(rng.integers(2, 5)):
        outer = half_mm * rng.uniform(0.4, 0.9, 3)
        centre = rng.uniform(-0.5, 0.5, 3) * half_mm
        thick = float(half_mm.min()) * rng.uniform(0.06, 0.15)
        normal = _turn(rng, 2.0)[2]
        solids.append(_cap(outer, centre, thick, normal, rng.uniform(-0.2, 0.4) * float(outer.min())))
    for _ in range(rng.integers(2, 5)):
        a, b = rng.uniform(-0.7, 0.7, (2, 3)) * half_mm
        solids.append(capsule(a, b, float(half_mm.min()) * rng.uniform(0.08, 0.22)))
    parts = _bone(rng, _union(solids), float(half_mm.min()))
    if rng.random() < 0.5:
        hole = rng.uniform(0.12, 0.3) * float(half_mm.min())
        parts.append(Part(place(ellipsoid(np.full(3, hole)), rng.uniform(-0.4, 0.4, 3) * half_mm, np.eye(3)), 0.0))
    return parts


def shell_implant_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return a thick or thin metal shell that is cut open, with pegs: a cup, a cap or a joint's component."""
    outer = half_mm * rng.uniform(0.6, 0.95, 3)
    thick = float(half_mm.min()) * rng.uniform(0.06, 0.35)
    normal = _turn(rng, 2.0)[2]
    shell = _cap(outer, np.zeros(3), thick, normal, rng.uniform(-0.6, 0.4) * float(outer.min()))
    if rng.random() < 0.6:
        gap = place(box(np.array([rng.uniform(0.08, 0.25) * half_mm[0], 2.0 * half_mm[1], half_mm[2]])),
                    np.array([rng.uniform(-0.2, 0.2) * half_mm[0], 0.0, rng.uniform(-1.2, -0.6) * half_mm[2]]),
                    _turn(rng, 0.4))  # fmt: skip
        shell = _without(shell, gap)
    metal = _metal(rng, half_mm)
    parts = [Part(shell, metal)]
    for _ in range(rng.integers(0, 4)):
        foot = rng.uniform(-0.5, 0.5, 3) * half_mm
        parts.append(Part(cylinder(foot, foot + normal * rng.uniform(0.2, 0.7) * float(half_mm.min()),
                                   rng.uniform(0.04, 0.12) * float(half_mm.min())), metal))  # fmt: skip
    return parts


def stem_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return a metal stem that tapers, with a tray, a neck or a ball at its end."""
    length, wide = float(half_mm.max()), float(np.sort(half_mm)[1])
    turn = _axis_turn(int(half_mm.argmax()))
    metal = _metal(rng, half_mm)
    knots = np.stack([np.zeros(4), np.zeros(4), np.linspace(-0.85, 0.5, 4) * length], axis=1)
    knots[2:, :2] += rng.normal(size=(2, 2)) * 0.1 * wide
    radii = np.sort(rng.uniform(0.08, 0.3, 4)) * wide
    solids: list[Distance] = [capsule(knots[n], knots[n + 1], float(radii[n])) for n in range(3)]
    top = knots[-1]
    if rng.random() < 0.5:
        solids.append(place(box(np.array([0.9 * wide, rng.uniform(0.4, 0.9) * wide, rng.uniform(0.05, 0.15) * wide])),
                            top, _turn(rng, 0.15)))  # fmt: skip
        for _ in range(rng.integers(0, 3)):
            side = np.array([*(rng.uniform(-0.7, 0.7, 2) * wide), 0.0])
            solids.append(capsule(top, top + side + [0, 0, -0.25 * length], rng.uniform(0.04, 0.1) * wide))
    else:
        ball = top + np.array([*(rng.normal(size=2) * 0.4 * wide), rng.uniform(0.1, 0.3) * length])
        solids.append(capsule(top, ball, 0.15 * wide))
        solids.append(place(ellipsoid(np.full(3, rng.uniform(0.25, 0.45) * wide)), ball, np.eye(3)))
    return [Part(place(_union(solids), np.zeros(3), turn), metal)]


def plate_like_parts(rng: np.random.Generator, half_mm: Float64) -> list[Part]:
    """Return a thin bent plate with holes, and screws or wires through some of them."""
    order = np.argsort(half_mm)[::-1]
    length, wide = half_mm[order[0]], half_mm[order[1]]
    thick = max(0.9, float(half_mm.min()) * rng.uniform(0.03, 0.1))
    metal = _metal(rng, half_mm)
    bend = rng.normal() * 0.5 / length
    turn = _axis_turn(int(order[0]))
    width = rng.uniform(0.15, 0.5) * wide

    def plate(points: Points) -> Float64:
        bent = points - np.stack([0 * points[..., 0], bend * points[..., 2] ** 2, 0 * points[..., 2]], axis=-1)
        return box(np.array([width, thick, 0.9 * length]), 0.4 * thick)(bent)

    solid: Distance = plate
    if rng.random() < 0.6:
        ahead = np.array([rng.choice([-1.0, 1.0]) * 0.3 * wide, bend * length**2 * 0.6, 0.7 * length])
        solid = _union([plate, place(box(np.array([0.7 * wide, 1.2 * thick, 0.2 * length]), 0.4 * thick), ahead,
                                     _turn(rng, 0.2))])  # fmt: skip
    parts = [Part(place(solid, np.zeros(3), turn), metal)]
    for z in np.linspace(-0.8, 0.8, rng.integers(3, 9)) * length:
        centre = np.array([rng.uniform(-0.3, 0.3) * width, bend * z * z, z])
        radius, along = rng.uniform(0.2, 0.5) * width, np.array([0.0, 1.0, 0.0]) + rng.normal(size=3) * 0.15
        hole = cylinder(centre - 3.0 * thick * along, centre + 3.0 * thick * along, radius)
        if rng.random() < 0.35:
            depth = rng.uniform(0.3, 1.0) * float(half_mm[order[1]])
            parts.append(Part(place(capsule(centre, centre + depth * along, 0.7 * radius), np.zeros(3), turn), metal))
        else:
            parts.append(Part(place(hole, np.zeros(3), turn), 0.0))
    return parts


BONES: tuple[Family, ...] = (long_bone_parts, vertebra_like_parts, flat_bone_parts)
METALS: tuple[Family, ...] = (shell_implant_parts, stem_parts, plate_like_parts)


def _bone(rng: np.random.Generator, solid: Distance, wide_mm: float) -> list[Part]:
    """Return a solid with a cortex and a lighter inside."""
    hard = float(np.exp(rng.uniform(*np.log(_CORTEX_PER_MM)))) * min(2.0, 60.0 / max(wide_mm, 20.0))
    cortex_mm = wide_mm * float(rng.uniform(0.03, 0.12))
    inside: Distance = lambda points: solid(points) + cortex_mm  # noqa: E731
    return [Part(solid, hard), Part(inside, hard * float(rng.uniform(0.25, 0.8)))]


def _metal(rng: np.random.Generator, half_mm: Float64) -> float:
    low, high = np.log(_METAL_PER_MM)
    return float(np.exp(rng.uniform(low, high))) * min(2.0, 40.0 / float(half_mm.max()))


def _union(solids: list[Distance]) -> Distance:
    return lambda points: np.minimum.reduce([solid(points) for solid in solids])


def _without(solid: Distance, hole: Distance) -> Distance:
    return lambda points: np.maximum(solid(points), -hole(points))


def _cap(semi_axes_mm: Vec3, centre_mm: Vec3, thick_mm: float, normal: Vec3, cut_mm: float) -> Distance:
    """Return the part of an ellipsoid's shell that lies beyond a plane, `cut_mm` from its centre along `normal`."""
    outer = place(ellipsoid(semi_axes_mm), centre_mm, np.eye(3))

    def distance(points: Points) -> Float64:
        shell = np.abs(outer(points) + thick_mm / 2) - thick_mm / 2
        return np.asarray(np.maximum(shell, cut_mm - (points - centre_mm) @ normal))

    return distance


def _waisted(sizes_mm: Vec3, centre_mm: Vec3, waist: float) -> Distance:
    """Return an elliptic cylinder along z that is narrower by the share `waist` half-way up."""
    a, b, h = sizes_mm

    def distance(points: Points) -> Float64:
        x, y, z = np.moveaxis(points - centre_mm, -1, 0)
        narrow = 1.0 - waist * np.maximum(1.0 - (z / h) ** 2, 0.0)
        radial = (np.hypot(x / (a * narrow), y / (b * narrow)) - 1.0) * min(a, b)
        return np.asarray(np.maximum(radial, np.abs(z) - h))

    return distance


def _axis_turn(axis: int) -> Mat33:
    """Return the rotation that takes z to an axis, by a cyclic change of axes."""
    return np.roll(np.eye(3), axis - 2, axis=0)


def _turn(rng: np.random.Generator, spread_rad: float) -> Mat33:
    return from_rotation_vector(spread_rad * rng.normal(size=3))
