"""`evaluate`: methods on the same simulated frames from the same starts; resumable, parallel over trials."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from fluoropose.arrays import Float64
from fluoropose.cli.console import console, progress_bar
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import use_threads
from fluoropose.evaluation.methods import Bench, entry_of
from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.provenance import provenance
from fluoropose.evaluation.trained_bundle import simulated_truths
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.evaluation.trials import Record, Registrar, StartPlan, TrialKey, Truth, run_job
from fluoropose.geometry.camera import Camera
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_json

__all__ = ["EvaluationPlan", "Site", "evaluate_case"]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationPlan:
    """What to run: `starts` trials per spread for fast methods and `slow_starts` for slow ones, going round `frames`.

    `offsets` (n, 6), if given, are the starts instead of the paper's; methods in `again` forget what they had.
    """

    methods: tuple[str, ...]
    starts: int
    slow_starts: int
    frames: int
    seed: int
    spreads: tuple[float, ...] = (1.0,)
    offsets: Float64 | None = None
    jobs: int = 1
    again: tuple[str, ...] = ()

    def jobs_of(self, method: str) -> list[TrialKey]:
        """Return the trials of a method, the paper's own starts first."""
        entry = entry_of(method)
        count = self.slow_starts if entry.slow else self.starts
        spreads = self.spreads if entry.wide else self.spreads[:1]
        if self.offsets is not None:
            count = min(count, len(self.offsets))
        return [TrialKey(method, spread, n) for spread in spreads for n in range(count)]


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What a process needs to run trials, small enough to be sent to it: folders and values, no networks."""

    case: Path
    model: Path
    device: str
    threads: int
    truths: list[Truth]
    camera: Camera
    starts: StartPlan

    def bench(self) -> Bench:
        """Return what methods are made of."""
        return Bench(load_case(self.case), self.model, self.device, self.threads)


def evaluate_case(
    case: Path, model: Path, plan: EvaluationPlan, out: Path, *, device: str, threads: int, cores: int
) -> dict[str, Any]:
    """Run what is missing of a plan in the folder `out` and return {"run": ..., method: figures}."""
    loaded = load_case(case)
    bench = Bench(loaded, model, device, threads)
    settings = {name: entry_of(name).settings(bench) for name in plan.methods}
    if any(name.startswith("ours") for name in plan.methods):
        entry_of("ours").make(bench)  # a model of another case is refused before anything is run or written
    folder = RunFolder(out, _identity(loaded.name, loaded.digest, plan))
    for name in plan.again:
        folder.forget(name)
    run = provenance()
    done = {name: folder.begin(name, settings[name], run["commit"]) for name in plan.methods}
    for name in plan.methods:
        console.print(f"{name}: {_line(settings[name])}", style="dim", markup=False, highlight=False, soft_wrap=True)
    had = {record.job for records in done.values() for record in records}
    todo = [job for name in plan.methods for job in plan.jobs_of(name) if job not in had]
    # Methods take turns: what else the machine does weighs on all their times, and a run cut short has some of each.
    todo.sort(key=lambda job: (job.spread, job.index))
    camera, truths = folder.frames(lambda: _simulated(loaded, plan, cores))
    site = Site(case, model, device, threads, truths, camera, StartPlan(plan.seed, plan.offsets))
    if todo:
        with progress_bar(f"{loaded.name}: trials") as report:
            for count, record in enumerate(_run(site, todo, plan.jobs, cores), 1):
                folder.append(record)
                report(count, len(todo), record.job.method)
    figures: dict[str, Any] = {
        "run": {**run, **_identity(loaded.name, loaded.digest, plan), "settings": settings, "jobs": plan.jobs}
    }
    for name in plan.methods:
        figures[name] = method_facts(
            loaded.name, loaded.size_mm, folder.records(name), truths, loaded.pose_frame, loaded.corners_mm,
            str(run["machine"]),
        )  # fmt: skip
    write_json(out / "figures.json", figures)
    return figures


def _simulated(case: Case, plan: EvaluationPlan, cores: int) -> tuple[Camera, list[Truth]]:
    scene, truths = simulated_truths(case, plan.frames, 1.0, plan.seed + 1, cores)
    return scene.camera, truths


def _identity(name: str, digest: str, plan: EvaluationPlan) -> dict[str, Any]:
    """Return what makes trials comparable: case, frames and starts; counts may grow."""
    starts = "paper" if plan.offsets is None else hashlib.sha256(plan.offsets.tobytes()).hexdigest()[:16]
    return {"case": name, "digest": digest, "seed": plan.seed, "frames": plan.frames, "starts": starts}


def _line(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())


class _Worker:
    """Makes each method when its first trial comes, then runs trials."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.bench = site.bench()
        self.registrars: dict[str, Registrar] = {}

    def run(self, job: TrialKey) -> Record:
        if job.method not in self.registrars:
            self.registrars[job.method] = entry_of(job.method).make(self.bench)
        site, case = self.site, self.bench.case
        register = self.registrars[job.method]
        return run_job(job, site.truths, site.camera, case.pose_frame, case.corners_mm, site.starts, register)


_worker: _Worker | None = None


def _start_worker(site: Site) -> None:
    global _worker
    use_threads(site.threads)
    _worker = _Worker(site)


def _run_here(job: TrialKey) -> Record:
    if _worker is None:
        raise AssertionError("a trial was sent to a process that has not started")
    return _worker.run(job)


def _run(site: Site, todo: list[TrialKey], jobs: int, cores: int) -> Iterator[Record]:
    """Give records as trials end, each on the site's threads; which process runs one changes nothing but its time."""
    if jobs == 1:
        use_threads(site.threads)
        try:
            yield from map(_Worker(site).run, todo)
        finally:
            use_threads(cores)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (site,)) as pool:
        waiting = {pool.submit(_run_here, job) for job in todo}
        try:
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        finally:
            with suppress(Exception):
                pool.shutdown(wait=False, cancel_futures=True)
