"""Sessions find their worker: the best one is asked, and the next best if it has gone or has no place after all."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import fluoropose
from fluoropose.fleet.door.view import FleetView
from fluoropose.fleet.placement import NoWorkerError, Wanted, choose_worker
from fluoropose.fleet.worker_facts import WorkerFacts

__all__ = ["Placer", "WorkerGoneError", "WorkerRefusedError"]

T = TypeVar("T")

_TRIES = 4


class WorkerGoneError(Exception):
    """A worker did not answer."""


class WorkerRefusedError(Exception):
    """A worker has no place or no room after all; the text is its own."""


class Placer:
    """Places sessions by what a front door sees."""

    def __init__(self, view: FleetView, rng: random.Random, version: str = fluoropose.__version__) -> None:
        """Place for a front door of a version."""
        self._view, self._rng, self._version = view, rng, version
        self.counts = {"resident": 0, "loaded": 0, "refused": 0, "moved": 0}

    def choose(self, cases: frozenset[str]) -> WorkerFacts:
        """Return the worker for something that is asked once, or raise NoWorkerError."""
        return choose_worker(self._view.workers(), Wanted(cases, self._version), self._rng).worker

    async def place(self, cases: frozenset[str], ask: Callable[[WorkerFacts], Awaitable[T]]) -> tuple[WorkerFacts, T]:
        """Return the worker that took a session, and what it answered to `ask`.

        Raises
        ------
        NoWorkerError
            If no worker took it.
        """
        wanted, reason = Wanted(cases, self._version), ""
        for _ in range(_TRIES):
            try:
                choice = choose_worker(self._view.workers(), wanted, self._rng)
            except NoWorkerError as error:
                self.counts["refused"] += 1
                raise NoWorkerError(f"{error}{reason}") from None
            name = choice.worker.worker
            try:
                answer = await ask(choice.worker)
            except WorkerGoneError:
                self._view.roster.suspect(name)
                reason = f"; {name} did not answer"
            except WorkerRefusedError as error:
                reason = f"; {name} refused: {error}"
            else:
                self._view.roster.count_session(name, cases)
                self.counts["resident" if choice.resident else "loaded"] += 1
                return choice.worker, answer
            self.counts["moved"] += 1
            wanted = replace(wanted, tried=wanted.tried | {name})
        self.counts["refused"] += 1
        raise NoWorkerError(f"expected a worker that takes the session, got {_TRIES} that did not{reason}")
