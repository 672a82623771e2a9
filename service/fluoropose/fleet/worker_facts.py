"""What a worker tells the fleet about itself, again and again. No value is a time of day: clocks may be apart."""

from dataclasses import asdict, dataclass, field
from typing import Any

from fluoropose.errors import InputError

__all__ = ["WorkerFacts", "facts_from_record", "major_version"]


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """One worker: where it is, what it holds, how much it does.

    `cases` are resident, `used_cases` those of them that sessions need. `spare_bytes` is what is free of the budget of
    resident cases once the idle ones leave, None without a budget. `frame_age_ms` is the 99th percentile of the frames
    of the last seconds, 0 without frames. `restarts` counts how often Ray started the worker again.
    """

    worker: str
    http: str
    grpc: str = ""
    node: str = ""
    version: str = ""
    device: str = ""
    sessions: int = 0
    capacity: int = 1
    cases: frozenset[str] = frozenset()
    used_cases: frozenset[str] = frozenset()
    resident_bytes: int = 0
    spare_bytes: int | None = None
    frame_age_ms: float = 0.0
    ready: bool = True
    draining: bool = False
    restarts: int = 0
    extra: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def load(self) -> float:
        """The share of the sessions that it may have."""
        return self.sessions / max(1, self.capacity)

    def record(self) -> dict[str, Any]:
        """Return the facts as JSON has them."""
        return asdict(self) | {"cases": sorted(self.cases), "used_cases": sorted(self.used_cases)}


def facts_from_record(record: dict[str, Any]) -> WorkerFacts:
    """Return the facts of a record; what a later version says beside them is kept in `extra`.

    Raises
    ------
    InputError
        If a field is missing or of another kind.
    """
    known = {name for name in WorkerFacts.__dataclass_fields__ if name != "extra"}
    fields = {key: value for key, value in record.items() if key in known}
    extra = {key: value for key, value in record.items() if key not in known and key != "extra"}
    try:
        fields |= {name: frozenset(fields[name]) for name in ("cases", "used_cases") if name in fields}
        return WorkerFacts(**fields, extra=extra)
    except TypeError as error:
        raise InputError(f"expected the facts of a worker, got: {error}") from error


def major_version(version: str) -> str:
    """Return the part of a version within which services understand each other: 0.7 of 0.7.2, and 1 of 1.4.2."""
    parts = version.split(".")
    return ".".join(parts[:2]) if parts[0] == "0" else parts[0]
