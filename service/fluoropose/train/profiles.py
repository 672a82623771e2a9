"""How long and on what each regressor is trained. Iterations are fixed, so that a seed gives one result."""

from dataclasses import dataclass

from fluoropose.errors import InputError
from fluoropose.train.network import NetworkShape
from fluoropose.train.synthesis import OffsetRanges

__all__ = ["PROFILES", "Profile", "STAGES", "Stage", "profile"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One network: its shape and the mix of (share, ranges, teaches out-of-plane, share without the object)."""

    name: str
    shape: NetworkShape
    mix: tuple[tuple[float, OffsetRanges, bool, float], ...]


_WIDE = OffsetRanges(in_plane=0.12, depth=0.07, theta_deg=14.0, out_of_plane_deg=28.0)
_TURNED = OffsetRanges(in_plane=0.03, depth=0.04, theta_deg=4.0, out_of_plane_deg=28.0, smallest=0.08)
_NEAR = OffsetRanges(in_plane=0.02, depth=0.03, theta_deg=2.5, out_of_plane_deg=5.0, smallest=0.05)

STAGES = (
    Stage("coarse", NetworkShape(2, (24, 48, 96)), ((0.5, _WIDE, False, 0.0), (0.5, _TURNED, True, 0.0))),
    Stage("fine", NetworkShape(1, (16, 32, 64, 96)), ((0.8, _NEAR, True, 0.04), (0.2, _WIDE, False, 0.25))),
)
"""The coarse network brings any start near; the fine one sees the whole resolution and tells how sure it is."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A training budget."""

    name: str
    iterations: int
    bank: int
    batch: int = 64
    peak_rate: float = 2e-3


PROFILES = {
    item.name: item
    for item in (
        Profile("tiny", 30, 64, batch=16),
        Profile("quick", 2000, 2500),
        Profile("full", 4000, 6000),
    )
}
"""`tiny` shows that everything runs and teaches nothing; `quick` ends within 10 minutes on two cores."""


def profile(name: str) -> Profile:
    """Return the profile of that name, or raise InputError naming those there are."""
    if name not in PROFILES:
        raise InputError(f"expected a profile of {', '.join(PROFILES)}, got {name!r}")
    return PROFILES[name]
