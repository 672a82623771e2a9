"""Who is there: the latest facts of each worker, by when they came, and how many workers there should be.

When facts came is told by the clock of who keeps the roster alone. So clocks of machines may be apart by any time.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from fluoropose.fleet.worker_facts import WorkerFacts

__all__ = ["Roster", "ScaleRule", "wanted_workers"]


@dataclass(slots=True, eq=False)
class Roster:
    """Workers by name. One that said nothing for `silent_s` is not counted on."""

    silent_s: float = 2.0
    _facts: dict[str, tuple[WorkerFacts, float]] = field(default_factory=dict)

    def report(self, facts: WorkerFacts, now_s: float) -> None:
        """Take in what a worker says; `now_s` is of a clock that only goes forward."""
        self._facts[facts.worker] = (facts, now_s)

    def current(self, now_s: float) -> list[WorkerFacts]:
        """Return the workers that can be counted on."""
        return [facts for facts, came_s in self._facts.values() if now_s - came_s <= self.silent_s]

    def known(self) -> list[WorkerFacts]:
        """Return all workers that were heard of."""
        return [facts for facts, _ in self._facts.values()]

    def count_session(self, worker: str, cases: frozenset[str]) -> None:
        """Count a session that a worker was just given, until it says itself how many it has."""
        if worker in self._facts:
            facts, came_s = self._facts[worker]
            both, used = facts.cases | cases, facts.used_cases | cases
            self._facts[worker] = (replace(facts, sessions=facts.sessions + 1, cases=both, used_cases=used), came_s)

    def count_closed(self, worker: str) -> None:
        """Count that a worker has a session less, until it says itself how many it has."""
        if worker in self._facts:
            facts, came_s = self._facts[worker]
            self._facts[worker] = (replace(facts, sessions=max(0, facts.sessions - 1)), came_s)

    def suspect(self, worker: str) -> None:
        """Do not count on a worker until it says something again."""
        if worker in self._facts:
            facts, _ = self._facts[worker]
            self._facts[worker] = (facts, -math.inf)

    def forget(self, worker: str) -> None:
        """Know nothing of a worker any more."""
        self._facts.pop(worker, None)


@dataclass(frozen=True, slots=True)
class ScaleRule:
    """Between `least` and `most` workers, so that they do `aim` of what they may.

    One goes when the others then do no more than `spared` of that. One more is wanted when the frames of half of them
    are older than `late_ms`, or none has room for another case.
    """

    least: int = 1
    most: int = 1
    aim: float = 0.6
    spared: float = 0.8
    late_ms: float = 250.0


def wanted_workers(workers: Collection[WorkerFacts], rule: ScaleRule) -> int:
    """Return how many workers there should be, by the sessions, the age of frames and the room for cases."""
    there = [one for one in workers if not one.draining]
    if not there:
        return rule.least
    places = sum(one.capacity for one in there) / len(there)
    sessions = sum(one.sessions for one in there)
    needed = math.ceil(sessions / (rule.aim * places))
    if needed < len(there):
        # One goes only if the others then have less to do than is aimed at: else workers come and go.
        needed = min(len(there), math.ceil(sessions / (rule.spared * rule.aim * places)))
    late = [one for one in there if one.frame_age_ms > rule.late_ms and one.sessions]
    roomless = all(one.spare_bytes is not None and one.spare_bytes <= 0 for one in there)
    if len(late) * 2 > len(there) or roomless:
        needed = max(needed, len(there) + 1)
    return min(max(needed, rule.least), rule.most)
