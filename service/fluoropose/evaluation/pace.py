"""How fast a piece of work goes and how long is left of it, from its own counts and times. Times in s."""

from collections import deque

__all__ = ["Pace", "left_in_words"]

_WINDOW_S = 30.0
"""The rate is that of so long a time before now, for the speed of a machine that is shared changes."""


class Pace:
    """The rate of one piece of work.

    What is done at the first count was not done now: a training that goes on from a checkpoint begins there.
    """

    def __init__(self) -> None:
        """Begin without a count."""
        self._counts: deque[tuple[float, int]] = deque()

    def count(self, now_s: float, done: int) -> None:
        """Take how much is done at a time that never goes back."""
        self._counts.append((now_s, done))
        while len(self._counts) > 2 and self._counts[1][0] <= now_s - _WINDOW_S:
            self._counts.popleft()

    def seconds_left(self, total: int) -> float | None:
        """Return the time left at the measured rate; None where two counts do not tell a rate yet."""
        if not self._counts:
            return None
        (first_s, first), (last_s, last) = self._counts[0], self._counts[-1]
        if last >= total:
            return 0.0
        if last <= first or last_s <= first_s:
            return None
        return (total - last) * (last_s - first_s) / (last - first)


def left_in_words(seconds: float | None) -> str:
    """Return "about 40 s left in this step", in minutes from two minutes on; nothing where the time is not known."""
    if seconds is None:
        return ""
    if seconds < 120.0:
        return f"about {max(0, round(seconds))} s left in this step"
    return f"about {round(seconds / 60.0)} min left in this step"
