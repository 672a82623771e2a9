"""Provisional."""

from collections.abc import Sequence

from fluoropose.imaging.xray import PixelMeaning
from fluoropose.runtime.engine import FrameView, Registration, ResidentCase
from fluoropose.tracking.tracker import Plan

__all__ = ["register_objects"]


def register_objects(
    residents: Sequence[ResidentCase],
    views: Sequence[FrameView],
    meaning: PixelMeaning,
    inverted: bool,
    plans: Sequence[Plan],
) -> tuple[Registration, ...]:
    """Provisional."""
    pairs = zip(residents, plans, strict=True)
    return tuple(resident.register_views(views, meaning, inverted, plan) for resident, plan in pairs)
