"""Which worker a new session goes to: where its cases are, where there is room, where least is done.

A worker that holds the cases takes the session as long as it does not more than the others on average. Beyond that the
case is loaded by another one: so a case that many want is held by several workers, and those that nobody wants leave,
which the workers see to themselves. Of up to `SCANNED` workers the one with the least load is taken. Of more a
sample of so many is looked at: the least of a few drawn at random is nearly as good as the least of all, and several
front doors that decide by the same facts do not all take the same worker (Mitzenmacher, "The power of two choices in
randomized load balancing", doi:10.1109/71.963420).
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fluoropose.errors import NotReadyError
from fluoropose.fleet.worker_facts import WorkerFacts, major_version

__all__ = ["Choice", "NoWorkerError", "PlacementRule", "Wanted", "choose_worker"]

SCANNED = 256


class NoWorkerError(NotReadyError):
    """No worker can take the session now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be placed: the cases of a session, the version of who asks, and workers that were tried in vain."""

    cases: frozenset[str]
    version: str = ""
    tried: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlacementRule:
    """A holder may do `slack` more than the mean before the case is loaded elsewhere too, and one session in any case.

    A worker whose frames are older than `late_ms` has no more to do than it can; it is taken only if no other can be.
    """

    slack: float = 0.04
    late_ms: float = 250.0


@dataclass(frozen=True, slots=True)
class Choice:
    """A worker, and whether it holds the cases already."""

    worker: WorkerFacts
    resident: bool


def choose_worker(
    workers: Collection[WorkerFacts], wanted: Wanted, rng: random.Random, rule: PlacementRule = PlacementRule()
) -> Choice:
    """Return the worker for a session.

    Raises
    ------
    NoWorkerError
        If none is there that is ready, of a version that is understood, and has a place. The text says which of it.
    """
    able = _preferred(_able(workers, wanted), wanted, rule)
    holders = [one for one in able if wanted.cases <= one.cases]
    best = _least_loaded(holders, rng)
    if best is not None and best.load <= _allowed_load(able, rule):
        return Choice(best, True)
    others = [one for one in able if not wanted.cases <= one.cases and _has_room(one)]
    other = _least_loaded(others, rng)
    if best is not None and (other is None or other.sessions + 1 >= best.sessions):
        return Choice(best, True)
    if other is None:
        # All cases of all workers are in use: the worker itself says whether one more fits.
        other = _least_loaded(able, rng)
    assert other is not None
    return Choice(other, False)


def _able(workers: Collection[WorkerFacts], wanted: Wanted) -> list[WorkerFacts]:
    """Return the workers that can take a session, or raise NoWorkerError."""
    reasons = {
        "there are none": list(workers),
        "those that are left were tried in vain": [one for one in workers if one.worker not in wanted.tried],
    }
    kept = reasons["those that are left were tried in vain"]
    if wanted.version:
        kept = [one for one in kept if major_version(one.version) == major_version(wanted.version)]
        reasons[f"those that are there are not of version {major_version(wanted.version)}"] = kept
    kept = [one for one in kept if one.ready and not one.draining]
    reasons["those that are there start or end"] = kept
    kept = [one for one in kept if one.sessions < one.capacity]
    reasons["those that are there have as many sessions as they may"] = kept
    for reason, left in reasons.items():
        if not left:
            raise NoWorkerError(f"expected a worker with a place for the session, got none: {reason}")
    return kept


def _preferred(able: list[WorkerFacts], wanted: Wanted, rule: PlacementRule) -> list[WorkerFacts]:
    """Return the workers whose frames are in time, of these the ones of the same version; all where there are none."""
    in_time = [one for one in able if one.frame_age_ms <= rule.late_ms] or able
    return [one for one in in_time if one.version == wanted.version] or in_time


def _allowed_load(able: Sequence[WorkerFacts], rule: PlacementRule) -> float:
    """Return the load up to which a worker that holds the case takes one more session."""
    places = sum(one.capacity for one in able)
    mean = sum(one.sessions for one in able) / places
    return mean * (1.0 + rule.slack) + len(able) / places


def _has_room(one: WorkerFacts) -> bool:
    """Tell whether a case of the usual size probably fits in."""
    usual = one.resident_bytes / max(1, len(one.cases))
    return one.spare_bytes is None or (one.spare_bytes > 0 and one.spare_bytes >= usual)


def _least_loaded(workers: Sequence[WorkerFacts], rng: random.Random) -> WorkerFacts | None:
    """Return a worker with the least load of all, or of a sample; one with more spare room, of such at random."""
    looked = workers if len(workers) <= SCANNED else rng.sample(workers, SCANNED)

    def order(one: WorkerFacts) -> tuple[float, int, float]:
        return one.load, len(one.used_cases), rng.random()

    return min(looked, key=order, default=None)
