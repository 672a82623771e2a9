"""One boundary around every reader: whatever a library raises about a file becomes an error of ours, on one line.

Readers of other libraries raise what they like about a damaged file: ValueError, KeyError, zlib.error, struct.error,
NotImplementedError, RuntimeError, MemoryError, RecursionError. Each public reader in `io` is inside `translate_faults`.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fluoropose.errors import FluoroposeError, FrameError, InputError

__all__ = ["fault_text", "name_file", "translate_faults"]

_MOST_CHARACTERS = 240
"""Of what a library says about a file; some put the file's content into their messages."""

_OF_CONTENT = (LookupError, AttributeError, TypeError, AssertionError, NameError, ArithmeticError)
"""What readers raise where a file lacks what they take for granted: their texts say nothing without their names."""


@contextmanager
def translate_faults(kind: type[InputError], expected: str) -> Iterator[None]:
    """Let errors of ours pass and turn every other exception of a block into one of `kind`.

    The message is "expected `expected`, got: ..."; `expected` says what the file should hold and names it. Exhausted
    memory and too deep a nesting count as faults of the file. Overflows in a file's numbers are no faults of their own.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except FluoroposeError:
        raise
    except Exception as error:
        raise kind(f"expected {expected}, got: {fault_text(error)}") from error


@contextmanager
def name_file(path: Path) -> Iterator[None]:
    """Put a file's name into the FrameErrors of a block that lack it: those of what decodes bytes of any origin."""
    try:
        yield
    except FrameError as error:
        if path.name in str(error):
            raise
        raise FrameError(f"{error} (in {path.name})") from error


def fault_text(error: BaseException) -> str:
    """Return what an exception of a library says, on one line of at most 240 characters, never empty."""
    if isinstance(error, MemoryError):
        return "a size that does not fit into the memory"
    if isinstance(error, RecursionError):
        return "parts that are nested too deeply"
    if isinstance(error, zipfile.BadZipFile):
        return f"a damaged zip archive ({_line(error)})"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, _OF_CONTENT) or not _line(error):
        return f"damaged content ({type(error).__name__}{': ' * bool(_line(error))}{_line(error)})"
    return _line(error)


def _line(error: BaseException) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return words if len(words) <= _MOST_CHARACTERS else words[: _MOST_CHARACTERS - 4] + " ..."
