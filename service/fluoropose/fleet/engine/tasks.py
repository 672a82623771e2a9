"""Trials as tasks of Ray, side by side on all machines; one that is killed, or whose machine ends, is tried again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray

from fluoropose.fleet.batch import BatchTrial, TrialFaultError, TrialOutcome, run_trial

__all__ = ["run_batch"]


def run_batch(
    trials: Sequence[BatchTrial],
    folder: Path,
    *,
    cpus: float = 1.0,
    gpus: float = 0.0,
    retries: int = 2,
    report: Callable[[int, int, str], None] = lambda done, total, note: None,
    work: Callable[[BatchTrial, Path], TrialOutcome] = run_trial,
) -> list[TrialOutcome]:
    """Return the outcomes in the order of the trials; `report` is called as they end. One that fails stops no other.

    `work` runs a trial; TrialFaultError of it is worth another attempt.
    """
    options: dict[str, Any] = {
        "num_cpus": cpus, "num_gpus": gpus, "max_retries": retries, "retry_exceptions": [TrialFaultError],
    }  # fmt: skip
    task = ray.remote(work).options(**options)
    waiting = {task.remote(trial, folder): number for number, trial in enumerate(trials)}
    outcomes: dict[int, TrialOutcome] = {}
    while waiting:
        (ended, *_), _ = ray.wait(list(waiting), num_returns=1)
        number = waiting.pop(ended)
        outcomes[number] = _outcome(ended, trials[number])
        failed = sum(one.outcome != "done" for one in outcomes.values())
        report(len(outcomes), len(trials), f"{failed} not done" if failed else "")
    return [outcomes[number] for number in range(len(trials))]


def _outcome(ended: Any, trial: BatchTrial) -> TrialOutcome:
    try:
        found: TrialOutcome = ray.get(ended)
    except ray.exceptions.RayError as error:
        return TrialOutcome(trial, "failed", complaint=str(error).strip().splitlines()[-1][-300:])
    return found
