"""The steps of a training, each told under its number and its name."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from fluoropose.evaluation.progress import ProgressBars, ProgressReport

__all__ = ["NumberedSteps"]


class NumberedSteps:
    """Gives each step a bar of its own, called "step 2 of 5: ..."; a new step ends the one before.

    Used as a context, whose end is that of the last step.
    """

    def __init__(self, bars: ProgressBars, titles: tuple[str, ...]) -> None:
        """Keep what draws, and the titles of all steps in their order."""
        self._bars, self._titles = bars, titles
        self._open = ExitStack()
        self._current: tuple[str, ProgressReport] | None = None

    def __enter__(self) -> Self:
        """Begin before the first step."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the last step."""
        self._open.__exit__(kind, error, at)

    def report(self, title: str, done: int, total: int, note: str = "") -> None:
        """Take how much of the step of that title is done."""
        if self._current is None or self._current[0] != title:
            self._open.close()
            numbered = f"step {self._titles.index(title) + 1} of {len(self._titles)}: {title}"
            self._current = (title, self._open.enter_context(self._bars(numbered)))
        self._current[1](done, total, note)

    @contextmanager
    def bars(self, title: str) -> Iterator[ProgressReport]:
        """Give the report of one step, for work that asks for a bar of its own."""

        def report(done: int, total: int, note: str = "") -> None:
            self.report(title, done, total, note)

        yield report
