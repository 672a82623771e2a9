"""What the processes of a run make once and share: whoever comes first makes it, the others wait or do something else."""

import time
from collections.abc import Callable
from pathlib import Path

from support.tracing import untraced

__all__ = ["begin_once", "make_once"]


def begin_once(folder: Path, make: Callable[[Path], object]) -> None:
    """Make a folder, unless a process of this run has begun to."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.with_name(f"{folder.name}.begun").mkdir()
    except FileExistsError:
        return
    try:
        with untraced():
            make(folder)
    finally:
        _ended(folder).touch()


def make_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return a folder that one process of this run makes: this one, or another that is waited for."""
    begin_once(folder, make)
    while not _ended(folder).exists():
        time.sleep(0.02)
    assert folder.exists(), f"expected {folder.name} from the process that began to make it, got none"
    return folder


def _ended(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.ended")
