"""What was said of one frame of the stress set and what is true, as values and as a line of JSON. mm and degrees."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from fluoropose.errors import ConflictError, StorageError

__all__ = ["RecordFile", "TrustRecord"]

WRONG_MM, WRONG_SHARE = 2.0, 0.02
"""A pose is wrong whose mTREproj is over so many mm, or over this share of the object's size."""


@dataclass(frozen=True, slots=True)
class TrustRecord:
    """One answer.

    Attributes
    ----------
    group, object, number, step : which frame: the `number`-th of the group and object, its `step`-th in a run
    family, renderer, condition : what it is counted with, what made it, what is the matter
    possible : whether a pose is right in this frame at all
    visible : which share of the object the frame shows
    size_mm : the object's size
    status, reason, confidence, likeness : what was said
    stated : the stated errors: in plane mm, depth mm, rotation degrees
    start_mm : the mTREproj of the start; None if the frame was searched
    mtre_proj_mm : that of the answer; None if no pose is right
    offset_mm, turn_deg, sigmas, camera_errors : `axis_errors.AxisErrors`; None if no pose is right
    evidence : what the answer showed (`error_inflation.Evidence`), by name
    """

    group: str
    object: str
    number: int
    step: int
    family: str
    renderer: str
    condition: str
    possible: bool
    visible: float
    size_mm: float
    status: str
    reason: str
    confidence: float
    likeness: float
    stated: tuple[float, ...]
    start_mm: float | None = None
    mtre_proj_mm: float | None = None
    offset_mm: tuple[float, ...] | None = None
    turn_deg: tuple[float, ...] | None = None
    sigmas: tuple[float, ...] | None = None
    camera_errors: tuple[float, ...] | None = None
    evidence: dict[str, float] | None = None

    @property
    def right(self) -> bool:
        """Whether the pose is right, whatever was said of it."""
        return self.mtre_proj_mm is not None and self.mtre_proj_mm <= min(WRONG_MM, WRONG_SHARE * self.size_mm)

    @property
    def accepted(self) -> bool:
        """Whether the answer is `TRACKING`."""
        return self.status == "TRACKING"

    @property
    def wrong(self) -> bool:
        """Whether the answer is accepted and wrong."""
        return self.accepted and not self.right

    @property
    def run(self) -> tuple[str, str, int]:
        """The run that the frame is of."""
        return self.group, self.object, self.number


class RecordFile:
    """Records as lines of JSON after a first line with what makes runs comparable. Another such line is refused."""

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        """Keep the path and what the file's first line must be.

        Raises
        ------
        ConflictError
            If the file holds records of other frames.
        """
        self._path, self._identity = path, json.loads(json.dumps(identity))
        lines = self._lines()
        if lines and json.loads(lines[0]) != self._identity:
            raise ConflictError(f"expected records of {self._identity} in {path.name}, got {lines[0][:200]}")

    def read(self) -> Iterator[TrustRecord]:
        """Give the records there are; a last line that was cut short is left out."""
        names = {field.name for field in fields(TrustRecord)}
        for line in self._lines()[1:]:
            try:
                values = json.loads(line)
            except json.JSONDecodeError:
                continue
            yield TrustRecord(**{name: _kept(value) for name, value in values.items() if name in names})

    def append(self, records: list[TrustRecord]) -> None:
        """Write the records of one run, together.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        text = "".join(f"{json.dumps(asdict(record))}\n" for record in records)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            begun = self._path.exists() and self._path.stat().st_size > 0
            whole = not begun or self._path.read_bytes()[-1:] == b"\n"
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(("" if begun else f"{json.dumps(self._identity)}\n") + ("" if whole else "\n") + text)
        except OSError as error:
            raise StorageError(f"expected to append to {self._path}, got: {error.strerror or error}") from error

    def _lines(self) -> list[str]:
        return self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []


def _kept(value: Any) -> Any:
    """Return a value as a record holds it: lists are tuples."""
    return tuple(value) if isinstance(value, list) else value
