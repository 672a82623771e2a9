"""What is known of each case, stored, in preparation or failed; how many cases there may be in all and per key."""

import threading
from collections.abc import Iterator, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import Any

from fluoropose.errors import ConflictError
from fluoropose.serving.session_registry import OverloadedError

__all__ = ["CaseRecord", "CaseRecords", "MAX_CASES", "MAX_CASES_PER_KEY"]

MAX_CASES = 256
MAX_CASES_PER_KEY = 64


@dataclass(slots=True)
class CaseRecord:
    """What is known of a case: its state, its progress (0 to 1), the step of its preparation, and a text about it.

    The state is "preparing", "ready", "failed" or "cancelled". `owner` is the key that the case was uploaded with,
    empty for one that was put into the folder. `cancelled` is set by who wants no more of it; whoever publishes a case,
    or gives up one that is prepared, holds `turn`: one of the two comes first.
    """

    name: str
    state: str
    progress: float = 0.0
    detail: str = ""
    model: str | None = None
    owner: str = ""
    step: str = ""
    verification: dict[str, Any] | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)


class CaseRecords(Mapping[str, CaseRecord]):
    """The records by name; safe for several threads."""

    def __init__(self, capacity: int = MAX_CASES, per_key: int = MAX_CASES_PER_KEY) -> None:
        """Hold at most `capacity` records, `per_key` of one owner."""
        self._capacity = capacity
        self._per_key = per_key
        self._records: dict[str, CaseRecord] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> CaseRecord:
        """Return the record of a case, or raise KeyError."""
        with self._lock:
            return self._records[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names that there are now."""
        with self._lock:
            return iter(list(self._records))

    def __len__(self) -> int:
        """Return the number of records."""
        with self._lock:
            return len(self._records)

    def values(self) -> ValuesView[CaseRecord]:
        """Return the records that there are now."""
        with self._lock:
            return dict(self._records).values()

    def add(self, name: str, owner: str, stored: bool) -> CaseRecord:
        """Add a case that is to be prepared; `stored`: something of that name is on disk.

        It takes the place of one that was cancelled or failed and left nothing.

        Raises
        ------
        ConflictError, OverloadedError
            If a case of that name exists; if there are as many cases, or cases of the owner, as there may be.
        """
        with self._lock:
            others = [one for one in self._records.values() if one.name != name]
            if owner and sum(one.owner == owner for one in others) >= self._per_key:
                raise OverloadedError(f"expected at most {self._per_key} cases of one key, got one more")
            if len(others) >= self._capacity:
                raise OverloadedError(f"expected at most {self._capacity} cases, got one more; delete some")
            known = self._records.get(name)
            gone = known is not None and known.state in ("cancelled", "failed") and known.ended.is_set()
            if stored or (known is not None and not gone):
                raise ConflictError(f"expected a new case, got {name!r}, which exists")
            self._records[name] = CaseRecord(name, "preparing", 0.0, "waiting", owner=owner, step="waiting")
            return self._records[name]

    def restart(self, name: str, owner: str, progress: float) -> CaseRecord:
        """Replace a case's record by one that is in preparation again."""
        with self._lock:
            self._records[name] = CaseRecord(name, "preparing", progress, owner=owner)
            return self._records[name]

    def add_failed(self, name: str, owner: str, detail: str) -> None:
        """Add a case that failed before this process began, with the reason."""
        with self._lock:
            self._records[name] = CaseRecord(name, "failed", 0.0, detail, owner=owner, step="failed")
            self._records[name].ended.set()

    def remove(self, name: str) -> None:
        """Forget a case, if it is known."""
        with self._lock:
            self._records.pop(name, None)
