"""What a measurement runs on, and who is told of its progress."""

from collections.abc import Callable
from dataclasses import dataclass

from fluoropose.evaluation.progress import ProgressBars, ignore_line, no_bars

__all__ = ["Environment"]


@dataclass(frozen=True, slots=True)
class Environment:
    """The device and ONNX Runtime's threads, the cores for simulation and training, and two ways to tell of progress.

    `progress` gives a report per piece of work; `say` takes a line about what comes next or what was found.
    """

    device: str = "cpu"
    threads: int = 1
    cores: int = 1
    progress: ProgressBars = no_bars
    say: Callable[[str], None] = ignore_line
