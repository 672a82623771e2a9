"""The one writer of CSV files: a row per trial, the first row's keys as the header."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fluoropose.errors import StorageError
from fluoropose.io.files import write_file

__all__ = ["append_row", "write_rows"]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table of one row or more, whole or not at all."""
    write_file(path, lambda part: part.write_text(_text(rows, header=True), encoding="utf-8"))


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Append a row to a table, which is begun where there is none.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    header = not path.exists() or path.stat().st_size == 0
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(_text([row], header=header))
    except OSError as error:
        raise StorageError(f"expected to append to {path}, got: {error.strerror or error}") from error


def _text(rows: Sequence[Mapping[str, Any]], *, header: bool) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
