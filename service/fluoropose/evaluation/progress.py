"""How long work tells how far it is. Nothing is drawn here: whoever starts the work gives what draws."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["ProgressBars", "ProgressReport", "ignore_line", "no_bars"]


class ProgressReport(Protocol):
    """Takes how much of the work is done."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Take the count that is done, the count in all, and a word about the current part."""


ProgressBars = Callable[[str], AbstractContextManager[ProgressReport]]
"""Gives a report for one piece of work under its title; the piece ends with the context."""


@contextmanager
def no_bars(title: str) -> Iterator[ProgressReport]:
    """Give a report that nobody reads."""

    def ignore(done: int, total: int, note: str = "") -> None:
        """Do nothing."""

    yield ignore


def ignore_line(line: str) -> None:
    """Do nothing with a line that says what the work is about to do."""
