"""From where an object is looked for in the frames of one instant."""

from dataclasses import dataclass

from fluoropose.arrays import Mat44

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How to take the next frame: from `start` (None: search), with the short schedule if `nearby`.

    `restarts` is how often the track had been restarted when the plan was made.
    """

    start: Mat44 | None
    nearby: bool
    restarts: int = 0
