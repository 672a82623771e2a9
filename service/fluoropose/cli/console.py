"""What commands print: one console, progress bars, and errors as one line without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fluoropose.errors import FluoroposeError
from fluoropose.evaluation.progress import ProgressReport

__all__ = ["console", "plain_errors", "print_dim", "progress_bar"]

console = Console()


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn our errors into one line on stderr and exit code 2."""
    try:
        yield
    except FluoroposeError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted", style="bold red")
        raise typer.Exit(130) from None


def print_dim(line: str) -> None:
    """Print a line about what comes next, as it is."""
    console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(title: str) -> Iterator[ProgressReport]:
    """Give a report that draws a bar."""
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=None, note="")

        def report(done: int, total: int, note: str = "") -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield report
