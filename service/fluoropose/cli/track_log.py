"""What `track` has found so far, kept line by line, so that the same command goes on where it was stopped."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError, StorageError

__all__ = ["Row", "TrackLog"]

Row = dict[str, Any]
"""An instant: "frame", "time_s", and "objects", one result as the API has it per case."""


class TrackLog:
    """The rows of a trial, in memory and in a file that is removed when the trial is done.

    `identity` is what the rows depend on (cases, frames, cameras, starts): a file of another trial is not taken.
    """

    def __init__(self, path: Path, identity: Sequence[Any]) -> None:
        """Take the rows that are there, if they are of this trial."""
        self.path = path
        self._mark = hashlib.sha256(json.dumps(list(identity), sort_keys=True, default=str).encode()).hexdigest()
        self.rows: list[Row] = self._read()
        self.resumed = len(self.rows)
        # Written anew: a line that was cut off must not be joined by the next one.
        self._write("w", {"trial": self._mark}, *self.rows)

    def add(self, row: Row) -> None:
        """Keep an instant."""
        self.rows.append(row)
        self._write("a", row)

    def finish(self) -> None:
        """Remove the file: the outputs are written."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> list[Row]:
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        rows = [row for row in (_parse(line) for line in lines) if row is not None]
        if not rows or rows[0].get("trial") != self._mark:
            raise InputError(
                f"expected {self.path.name} to be of this trial, got one of other cases, frames or cameras: remove it, "
                "or write elsewhere"
            )
        return rows[1:]

    def _write(self, mode: str, *rows: Row) -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as stream:
                stream.writelines(json.dumps(row) + "\n" for row in rows)
        except OSError as error:
            raise StorageError(f"expected to write {self.path}, got: {error.strerror or error}") from error


def _parse(line: str) -> Row | None:
    """Return a row, None for a last line that was cut off."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
