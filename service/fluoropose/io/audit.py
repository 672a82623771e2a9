"""The audit: who did what to which case, when and from where, each entry chained to the one before by its SHA-256.

Entries hold names of keys, addresses, names of cases and words of this package; no text, file name or value of a client
and nothing of a patient. The chain shows any change of an entry; that the last ones were cut off shows against the log,
which holds the hash of every entry.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

__all__ = ["Actor", "AuditEntry", "FIRST_HASH", "SERVICE", "broken_entry", "chain_entry"]

FIRST_HASH = "0" * 64
"""What the first entry is chained to."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for something: the id of a key (empty where there are no keys) and the address that it came from."""

    key: str = ""
    address: str = ""


SERVICE = Actor("service")
"""The service itself, which sweeps, resumes and ends what nobody asked for."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit; `at` is UTC, `previous` the hash of the entry before, `digest` that of this one."""

    number: int
    at: str
    who: str
    address: str
    action: str
    what: str
    outcome: str
    previous: str
    digest: str


def chain_entry(last: AuditEntry | None, actor: Actor, action: str, what: str, outcome: str = "") -> AuditEntry:
    """Return the entry that follows the last one, None for the first, with the time of now."""
    number, previous = (1, FIRST_HASH) if last is None else (last.number + 1, last.digest)
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    told = (number, at, actor.key, actor.address, action, what, outcome, previous)
    return AuditEntry(*told, _digest(told))


def broken_entry(entries: Iterable[AuditEntry]) -> int | None:
    """Return the number of the first entry that does not follow from the one before; None if the chain is whole."""
    number, previous = 0, FIRST_HASH
    for entry in entries:
        number += 1
        told = astuple(entry)[:-1]
        if entry.number != number or entry.previous != previous or entry.digest != _digest(told):
            return number
        previous = entry.digest
    return None


def _digest(told: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
