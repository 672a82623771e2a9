"""`evaluate methods`: methods on the same simulated frames from the same starts; resumable, parallel over trials."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.arrays import Float64
from fluoropose.drr.case import Case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.methods.table import find_method
from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.provenance import provenance
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.evaluation.trial_workers import TrialTask, run_trials
from fluoropose.evaluation.trials import StartPlan, TrialKey, Truth
from fluoropose.geometry.camera import Camera
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_json

__all__ = ["EvaluationPlan", "evaluate_case"]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationPlan:
    """What to run: `starts` trials per spread for fast methods and `slow_starts` for slow ones, going round `frames`.

    `offsets` (n, 6), if given, are the starts instead of the paper's; methods in `again` forget what they had. `jobs`
    trials run side by side.
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

    def keys_of(self, name: str) -> list[TrialKey]:
        """Return the trials of a method, the paper's own starts first."""
        method = find_method(name)
        count = self.slow_starts if method.slow else self.starts
        spreads = self.spreads if method.wide else self.spreads[:1]
        if self.offsets is not None:
            count = min(count, len(self.offsets))
        return [TrialKey(name, spread, n) for spread in spreads for n in range(count)]


def evaluate_case(
    case_folder: Path, model: Path, plan: EvaluationPlan, out: Path, environment: Environment
) -> dict[str, Any]:
    """Run what is missing of a plan in the folder `out` and return {"run": ..., method: figures}."""
    case = load_case(case_folder)
    inputs = MethodInputs(case, model, environment.device, environment.threads)
    settings = {name: find_method(name).settings(inputs) for name in plan.methods}
    if any(name.startswith("ours") for name in plan.methods):
        find_method("ours").make(inputs)  # a model of another case is refused before anything is run or written
    identity = _identity(case, plan)
    folder = RunFolder(out, identity)
    run = provenance()
    missing = _list_missing(folder, plan, settings, run["commit"])
    for name in plan.methods:
        environment.say(f"{name}: {_as_line(settings[name])}")
    camera, truths = folder.frames(lambda: _simulate(case, plan, environment))
    task = TrialTask(
        case_folder, model, environment.device, environment.threads, truths, camera,
        StartPlan(plan.seed, plan.offsets),
    )  # fmt: skip
    if missing:
        with environment.progress(f"{case.name}: trials") as report:
            for count, record in enumerate(run_trials(task, missing, plan.jobs, environment.cores), 1):
                folder.append(record)
                report(count, len(missing), record.key.method)
    figures = _figures(case, folder, plan, truths, run | identity | {"settings": settings, "jobs": plan.jobs})
    write_json(out / "figures.json", figures)
    return figures


def _list_missing(
    folder: RunFolder, plan: EvaluationPlan, settings: dict[str, dict[str, Any]], commit: str | None
) -> list[TrialKey]:
    """Return the trials that a folder has not yet, methods in turns.

    What else the machine does weighs on all their times then, and a run cut short has some of each.
    """
    for name in plan.again:
        folder.forget(name)
    present = {record.key for name in plan.methods for record in folder.begin(name, settings[name], commit)}
    missing = [key for name in plan.methods for key in plan.keys_of(name) if key not in present]
    return sorted(missing, key=lambda key: (key.spread, key.index))


def _figures(
    case: Case, folder: RunFolder, plan: EvaluationPlan, truths: list[Truth], run: dict[str, Any]
) -> dict[str, Any]:
    machine = str(run["machine"])
    return {"run": run} | {
        name: method_facts(
            case.name, case.size_mm, folder.records(name), truths, case.pose_frame, case.corners_mm, machine
        )
        for name in plan.methods
    }


def _simulate(case: Case, plan: EvaluationPlan, environment: Environment) -> tuple[Camera, list[Truth]]:
    scene, truths = simulate_truths(case, plan.frames, 1.0, plan.seed + 1, environment)
    return scene.camera, truths


def _identity(case: Case, plan: EvaluationPlan) -> dict[str, Any]:
    """Return what makes trials comparable: case, frames and starts; counts may grow."""
    starts = "paper" if plan.offsets is None else hashlib.sha256(plan.offsets.tobytes()).hexdigest()[:16]
    return {"case": case.name, "digest": case.digest, "seed": plan.seed, "frames": plan.frames, "starts": starts}


def _as_line(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())
