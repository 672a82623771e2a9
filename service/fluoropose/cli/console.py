"""What commands print: one console, progress bars, and errors as one line without a traceback."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fluoropose.cli.progress_lines import ProgressLines
from fluoropose.errors import FluoroposeError
from fluoropose.evaluation.pace import Pace, left_in_words
from fluoropose.evaluation.progress import ProgressReport

__all__ = ["console", "plain_errors", "print_dim", "progress_bar"]

console = Console()


@contextmanager
def plain_errors(interrupted: Callable[[], str] = lambda: "interrupted") -> Iterator[None]:
    """Turn our errors into one line on stderr and exit code 2; after Ctrl-C say `interrupted` and exit with 130.

    Another exception is a fault of this program: one line too, exit code 1, and the traceback in a file that it names.
    """
    try:
        with warnings.catch_warnings():
            # They warn of each word of a file that they doubt, in lines that a user can do nothing with.
            for library in ("pydicom", "PIL"):
                warnings.filterwarnings("ignore", module=library)
            yield
    except FluoroposeError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        Console(stderr=True).print(interrupted(), style="bold red", markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        from fluoropose.cli.fault_report import report_fault

        Console(stderr=True).print(report_fault(error), style="bold red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def print_dim(line: str) -> None:
    """Print a line about what comes next, as it is."""
    console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(
    title: str, output: Console = console, clock: Callable[[], float] = time.monotonic
) -> Iterator[ProgressReport]:
    """Give a report that draws a bar on a terminal, and elsewhere writes a line every ten seconds."""
    if not output.is_terminal:
        yield ProgressLines(title, lambda line: _print_plain(output, line), clock).report
        return
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    pace = Pace()
    with Progress(*columns, console=output) as bar:
        task = bar.add_task(title, total=None, note="")

        def report(done: int, total: int, note: str = "") -> None:
            pace.count(clock(), done)
            left = left_in_words(pace.seconds_left(total))
            bar.update(task, completed=done, total=total, note=", ".join(part for part in (note, left) if part))

        yield report


def _print_plain(output: Console, line: str) -> None:
    output.print(line, markup=False, highlight=False, soft_wrap=True)
