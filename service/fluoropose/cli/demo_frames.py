"""The live table of a demo: the last answers of the server as they come."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.table import Table

from fluoropose.cli.console import console
from fluoropose.evaluation.demo import ShownFrame

__all__ = ["live_frames"]

_ROWS = 8


@contextmanager
def live_frames(count: int) -> Iterator[Callable[[ShownFrame], None]]:
    """Give what shows an answer in a live table of the last ones; `count` frames are sent in all."""
    rows: deque[ShownFrame] = deque(maxlen=_ROWS)
    with Live(console=console, refresh_per_second=8, transient=True) as live:

        def show(shown: ShownFrame) -> None:
            rows.append(shown)
            live.update(_table(rows, count))

        yield show


def _table(rows: deque[ShownFrame], count: int) -> Table:
    table = Table(title=f"frame {rows[-1].number + 1} of {count}")
    for name in ("frame", "status", "confidence", "mTREproj mm", "depth mm", "rotation deg", "total ms"):
        table.add_column(name, justify="right")
    for row in rows:
        answer, end = row.answer, row.trial.end
        table.add_row(
            str(row.number), answer.status, f"{answer.confidence:.3f}", f"{end.mtre_proj_mm:.3f}",
            f"{end.depth_mm:.2f}", f"{end.rotation_deg:.2f}", f"{answer.timing_ms['total']:.1f}",
        )  # fmt: skip
    return table
