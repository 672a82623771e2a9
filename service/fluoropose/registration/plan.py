"""A plan: from where an object is looked for in the frames of one instant, and by which schedule."""

from dataclasses import dataclass

from fluoropose.arrays import Mat44

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Look from `start` (None: search the frame), by the short schedule if `nearby`.

    `restarts` is how often the track had been restarted when the plan was made.
    """

    start: Mat44 | None
    nearby: bool
    restarts: int = 0
