"""A table with many columns: no frame, words at the left, numbers at the right."""

from rich.box import SIMPLE
from rich.table import Table

__all__ = ["dense_table"]

_WORDS = ("method", "setting", "sweep", "taken as", "objects", "starts")
"""Heads of columns that hold words."""


def dense_table(title: str, heads: tuple[str, ...]) -> Table:
    """Return an empty table with these columns; columns of words are never broken into lines."""
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in heads:
        words = head in _WORDS
        table.add_column(head, justify="left" if words else "right", no_wrap=words)
    return table
