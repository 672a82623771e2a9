"""Progress where no terminal draws a bar: a line every ten seconds. Times in s."""

from collections.abc import Callable

from fluoropose.evaluation.pace import Pace, left_in_words

__all__ = ["ProgressLines"]

_EVERY_S = 10.0


class ProgressLines:
    """Writes how far one piece of work is: at its first count, and then before ten seconds pass without a line."""

    def __init__(self, title: str, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        """Keep the title, what takes a line, and a clock in s that never goes back."""
        self._title, self._write, self._clock = title, write, clock
        self._pace = Pace()
        self._written_s: float | None = None
        self._told_s = clock()

    def report(self, done: int, total: int, note: str = "") -> None:
        """Take the count that is done, the count in all, and a word about the current part."""
        now_s = self._clock()
        gap_s, self._told_s = now_s - self._told_s, now_s
        self._pace.count(now_s, done)
        # The next report may come as late as this one did.
        if self._written_s is not None and now_s + gap_s - self._written_s < _EVERY_S:
            return
        self._written_s = now_s
        left = left_in_words(self._pace.seconds_left(total))
        self._write(", ".join(part for part in (f"{self._title}: {done} of {total}", note, left) if part))
