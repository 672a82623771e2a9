"""Trials of a comparison run in this process or in several; which one runs a trial changes nothing but its time."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from fluoropose.drr.cpu import use_threads
from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.methods.table import find_method
from fluoropose.evaluation.trials import Record, Registrar, StartPlan, TrialKey, TrialSetup, Truth, run_trial
from fluoropose.geometry.camera import Camera
from fluoropose.io.cases import load_case

__all__ = ["TrialTask", "run_trials"]


@dataclass(frozen=True, slots=True, eq=False)
class TrialTask:
    """What a process needs to run trials, small enough to be sent to it: folders and values, no networks."""

    case: Path
    model: Path
    device: str
    threads: int
    truths: list[Truth]
    camera: Camera
    starts: StartPlan


def run_trials(task: TrialTask, keys: list[TrialKey], jobs: int, cores: int) -> Iterator[Record]:
    """Give records as trials end, `jobs` side by side, each on the task's threads."""
    if jobs == 1:
        use_threads(task.threads)
        try:
            yield from map(_Worker(task).run, keys)
        finally:
            use_threads(cores)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (task,)) as pool:
        waiting = {pool.submit(_run_in_worker, key) for key in keys}
        try:
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        finally:
            with suppress(Exception):
                pool.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """Makes each method when its first trial comes, then runs trials."""

    def __init__(self, task: TrialTask) -> None:
        case = load_case(task.case)
        self.inputs = MethodInputs(case, task.model, task.device, task.threads)
        self.setup = TrialSetup(task.truths, task.camera, case.pose_frame, case.corners_mm, task.starts)
        self.registrars: dict[str, Registrar] = {}

    def run(self, key: TrialKey) -> Record:
        if key.method not in self.registrars:
            self.registrars[key.method] = find_method(key.method).make(self.inputs)
        return run_trial(key, self.setup, self.registrars[key.method])


_worker: _Worker | None = None
"""That of this process, where it is one of several."""


def _start_worker(task: TrialTask) -> None:
    global _worker
    use_threads(task.threads)
    _worker = _Worker(task)


def _run_in_worker(key: TrialKey) -> Record:
    if _worker is None:
        raise AssertionError("a trial was sent to a process that has not started")
    return _worker.run(key)
