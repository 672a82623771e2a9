"""The trained networks of one case, zone by zone, with what is needed to trust them. A value; no file is touched."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Float64, Points
from fluoropose.errors import BundleError
from fluoropose.evaluation.published.hierarchy import Regressor, ZoneRegressors
from fluoropose.evaluation.published.plan import Variant, Zone

__all__ = ["GoldenPair", "PublishedBundle", "ZoneModels", "open_zones"]

_TOLERANCE = 2e-3
"""Largest allowed difference to a golden output, in mm or degrees."""


@dataclass(frozen=True, slots=True, eq=False)
class GoldenPair:
    """A residual float32 (n, size, size) and the update, mm and degrees, that every runtime must give for it."""

    residual: Float32
    update: Float64


@dataclass(frozen=True, slots=True, eq=False)
class ZoneModels:
    """One zone: points (n, 3), side of the patches in mm and px, ONNX bytes and golden pair by group."""

    zone: Zone
    points_mm: Points
    side_mm: float
    size_px: int
    models: dict[str, bytes]
    golden: dict[str, GoldenPair]


@dataclass(frozen=True, slots=True, eq=False)
class PublishedBundle:
    """`case_digest` says for which case; `facts` what was trained and measured, for people."""

    name: str
    case_digest: str
    variant: Variant
    zones: tuple[ZoneModels, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every zone has every group."""
        if not self.zones:
            raise BundleError("a model as published must hold at least one zone, got none")
        for zone in self.zones:
            missing = [group.name for group in self.variant.groups if group.name not in zone.models]
            if missing:
                raise BundleError(f"{zone.zone.name} must hold the group {missing[0]}, got {', '.join(zone.models)}")


def open_zones(bundle: PublishedBundle, open_model: Callable[[bytes], Regressor]) -> list[tuple[Zone, ZoneRegressors]]:
    """Return the zones with their models opened by a runtime, each checked against its golden pair.

    Raises
    ------
    BundleError
        If the runtime computes something else than training did.
    """
    zones = []
    for item in bundle.zones:
        regressors = {name: open_model(model) for name, model in item.models.items()}
        for name, golden in item.golden.items():
            wrong = float(np.abs(regressors[name](golden.residual) - golden.update).max())
            if not wrong < _TOLERANCE:
                raise BundleError(
                    f"expected {item.zone.name} {name} within {_TOLERANCE:g} of its golden update, got {wrong:.3g} off"
                )
        zones.append((item.zone, ZoneRegressors(item.points_mm, item.side_mm, item.size_px, regressors)))
    return zones
