"""What the paper fixes: zones of the two out-of-plane angles, groups of parameters, their training ranges, variants.

Parameters are (t_x, t_y, t_z, t_theta, t_alpha, t_beta) in mm and degrees (`geometry.pose6`).
Source: Miao, Wang, Liao, IEEE TMI 35(5), 2016, sections III-A (zones), III-C (groups), III-D and Table I (ranges).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from fluoropose.errors import InputError

__all__ = [
    "ALL_AT_ONCE",
    "NETWORKS",
    "PAPER_GROUPS",
    "ParameterGroup",
    "VARIANTS",
    "Variant",
    "WHOLE",
    "Zone",
    "nearest_zone",
    "variant_named",
    "zone_of",
]

ZONE_DEG = 20.0
"""Side of a zone: 18 x 18 of them cover all angles."""

Zoned = TypeVar("Zoned")


@dataclass(frozen=True, slots=True)
class Zone:
    """The angles within `half_deg` of (20 row, 20 column) degrees of (t_alpha, t_beta).

    The paper does not say where its zones begin; ours are centred on the expected view.
    """

    row: int
    column: int
    half_deg: float = ZONE_DEG / 2

    @property
    def centre_deg(self) -> tuple[float, float]:
        """The middle of the zone: (t_alpha, t_beta)."""
        return ZONE_DEG * self.row, ZONE_DEG * self.column

    @property
    def name(self) -> str:
        """What files and manifests call the zone."""
        return f"zone{self.row:+d}{self.column:+d}"

    def contains(self, alpha_deg: float, beta_deg: float) -> bool:
        """Return whether the angles lie in the zone."""
        return self.outside_deg(alpha_deg, beta_deg) <= 0.0

    def outside_deg(self, alpha_deg: float, beta_deg: float) -> float:
        """Return by how much the further of the two angles lies outside; negative inside."""
        alpha, beta = self.centre_deg
        return max(abs(alpha_deg - alpha), abs(beta_deg - beta)) - self.half_deg


WHOLE = Zone(0, 0, 36.0)
"""All angles of an atlas at once: what the variant without zones is trained on."""


def zone_of(alpha_deg: float, beta_deg: float) -> Zone:
    """Return the zone that holds the two angles."""
    return Zone(round(alpha_deg / ZONE_DEG), round(beta_deg / ZONE_DEG))


def nearest_zone(zones: Sequence[tuple[Zone, Zoned]], alpha_deg: float, beta_deg: float) -> Zoned:
    """Return what belongs to the trained zone that holds the angles, or to the nearest one where none does."""
    return min(zones, key=lambda pair: pair[0].outside_deg(alpha_deg, beta_deg))[1]


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters regressed together, by index, and the half-ranges of all six errors that they are trained on."""

    name: str
    parameters: tuple[int, ...]
    half_ranges: tuple[float, ...]


PAPER_GROUPS = (
    ParameterGroup("in_plane", (0, 1, 3), (1.5, 1.5, 15.0, 3.0, 15.0, 15.0)),
    ParameterGroup("out_of_plane", (4, 5), (0.2, 0.2, 15.0, 0.5, 15.0, 15.0)),
    ParameterGroup("depth", (2,), (0.15, 0.15, 15.0, 0.5, 0.75, 0.75)),
)
"""Table I: the later groups take the earlier ones as nearly right."""

ALL_AT_ONCE = (ParameterGroup("all", (0, 1, 2, 3, 4, 5), PAPER_GROUPS[0].half_ranges),)

NETWORKS = ("local", "linear", "global")
"""The paper's network; linear regression on Haar-like features; the whole-image network."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm of the ablation: which regressor, which groups, whether by zones."""

    name: str
    network: str = "local"
    groups: tuple[ParameterGroup, ...] = PAPER_GROUPS
    zoned: bool = True


VARIANTS = {
    item.name: item
    for item in (
        Variant("paper"),
        Variant("no-cnn", network="linear"),
        Variant("no-lir", network="global"),
        Variant("no-hpr", groups=ALL_AT_ONCE),
        Variant("no-psp", network="global", zoned=False),
    )
}
"""As in the paper's ablation, without zones the residual is that of the whole image."""


def variant_named(name: str) -> Variant:
    """Return the variant of that name, or raise InputError naming those there are."""
    if name not in VARIANTS:
        raise InputError(f"expected a variant of {', '.join(VARIANTS)}, got {name!r}")
    return VARIANTS[name]
