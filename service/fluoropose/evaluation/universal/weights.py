"""The universal weights, one network at a time, taught a stream of random objects alone and in bodies.

Checkpoints lie in `<out>.checkpoints`, so that a training that was cut short goes on where it was.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fluoropose.arrays import Float32
from fluoropose.drr.cpu import use_threads
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.universal.bundle import export_universal
from fluoropose.io.weights import load_weights, store_weights
from fluoropose.train.fit import fit_stage
from fluoropose.train.profiles import Profile
from fluoropose.train.run import initial_tensors
from fluoropose.train.universal import UNIVERSAL_STAGES, StreamedSubjects, StreamPlan

__all__ = ["UniversalWeightsPlan", "train_universal_weights"]


@dataclass(frozen=True, slots=True)
class UniversalWeightsPlan:
    """Which `stage` is trained for how many `iterations`, on objects drawn from `seed`.

    `start` is a folder of weights to start from, where it has some of the stage's shape; None: random weights.
    """

    stage: str
    iterations: int = 8000
    seed: int = 1
    start: Path | None = None


def train_universal_weights(folder: Path, plan: UniversalWeightsPlan, environment: Environment) -> None:
    """Train one network and store its weights beside those of the other; once both are there, write the bundle.

    Raises
    ------
    InputError
        If there is no such stage.
    StorageError
        If a checkpoint or the weights cannot be written.
    """
    if plan.stage not in UNIVERSAL_STAGES:
        raise InputError(f"expected a stage of {', '.join(UNIVERSAL_STAGES)}, got {plan.stage!r}")
    network = UNIVERSAL_STAGES[plan.stage]
    torch.set_num_threads(environment.cores)
    use_threads(environment.cores)
    profile = Profile("universal", round(plan.iterations / network.stage.effort), 0)
    checkpoint = folder.with_name(folder.name + ".checkpoints") / f"{plan.stage}.pt"
    with environment.progress("first objects") as drawn, environment.progress("training") as report:
        subjects = StreamedSubjects(StreamPlan(plan.seed), network.grid, lambda done, total: drawn(done, total, ""))
        weights = load_weights(plan.start) if plan.start is not None else None
        initial = initial_tensors(weights, network.stage, subjects.size_px)

        def watch(done: int, total: int, loss: float) -> None:
            report(done, total, f"loss {loss:.3f} % of size")

        net, _ = fit_stage(network.stage, profile, subjects, checkpoint, seed=plan.seed, initial=initial, watch=watch)
    kept: dict[str, dict[str, Float32]] = load_weights(folder) if folder.is_dir() else {}
    trained = {name: np.asarray(value.numpy()) for name, value in net.state_dict().items()}
    store_weights(folder, kept | {plan.stage: trained})
    if set(UNIVERSAL_STAGES) <= {*kept, plan.stage}:
        export_universal(folder, folder, {"seed": plan.seed})
