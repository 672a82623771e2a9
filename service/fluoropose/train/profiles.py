"""What each network is taught and for how long. Iterations are fixed, so that a seed gives one result."""

from dataclasses import dataclass

from fluoropose.errors import InputError
from fluoropose.train.network import NetworkShape
from fluoropose.train.synthesis import OffsetRanges

__all__ = ["Lesson", "PROFILES", "Profile", "STAGES", "Stage", "profile"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A part of each batch: its `share`, how wrong its poses are, and the share of its frames without the object.

    Without `in_plane` it teaches presence only; without `out_of_plane` it does not teach alpha and beta.
    """

    share: float
    ranges: OffsetRanges
    in_plane: bool = True
    out_of_plane: bool = True
    absent: float = 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One network: its shape, what it is taught, its share of a profile's iterations, batch and peak learning rate."""

    name: str
    shape: NetworkShape
    lessons: tuple[Lesson, ...]
    effort: float = 1.0
    batch: int = 64
    peak_rate: float = 2e-3


_WIDE = OffsetRanges(in_plane=0.12, depth=0.07, theta_deg=14.0, out_of_plane_deg=28.0)
_TURNED = OffsetRanges(in_plane=0.03, depth=0.04, theta_deg=4.0, out_of_plane_deg=28.0, smallest=0.08)
_NEAR = OffsetRanges(in_plane=0.02, depth=0.03, theta_deg=2.5, out_of_plane_deg=5.0, smallest=0.05)

STAGES = (
    Stage(
        "coarse",
        NetworkShape(2, (24, 48, 96), equations=0),
        (Lesson(0.5, _WIDE, out_of_plane=False), Lesson(0.5, _TURNED)),
    ),
    Stage(
        "fine",
        NetworkShape(2, (20, 40, 64), mix=24),
        (Lesson(0.85, _NEAR, absent=0.04), Lesson(0.15, _WIDE, in_plane=False, absent=0.25)),
        effort=2.0,
        batch=32,
        peak_rate=1e-3,
    ),
)
"""The coarse network brings any start near. The fine network says how far the rest is, and how sure that is: from
pictures of 64 pixels, a third of the arithmetic of 128; the refinement by edges comes after it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A training budget: iterations of a network with `effort` 1, pictures in the bank, a factor of the peak rate.

    With no iterations the universal weights are taken as they are. What was trained is measured from `starts` starts.
    """

    name: str
    iterations: int
    bank: int
    rate: float = 1.0
    starts: int = 100


PROFILES = {
    item.name: item
    for item in (
        Profile("tiny", 4, 16, starts=3),
        Profile("instant", 0, 16),
        Profile("minute", 100, 200),
        Profile("five-minutes", 700, 800),
        Profile("quick", 1500, 1500),
        Profile("full", 5000, 4000),
    )
}
"""`tiny` only shows that everything runs. `instant` takes the universal weights untrained; `minute` and `five-minutes`
train on from them for about that time on one core; `quick` ends within 10 minutes on two cores."""


def profile(name: str) -> Profile:
    """Return the profile of that name, or raise InputError with the names of all profiles."""
    if name not in PROFILES:
        raise InputError(f"expected a profile of {', '.join(PROFILES)}, got {name!r}")
    return PROFILES[name]
