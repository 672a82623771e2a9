"""The general weights that every training starts from: one stage at a time, taught random objects only.

Checkpoints lie in `<out>.checkpoints`, so that a training that was cut short goes on where it was.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.io.weights import load_weights, store_weights
from fluoropose.train.fit import Subject, fit_stage
from fluoropose.train.generic import random_subject
from fluoropose.train.profiles import STAGES, Profile, Stage

__all__ = ["GeneralWeightsPlan", "train_general_weights"]

_PEAK_RATE = 2e-3
"""Both stages begin from nothing here, so the fine one too may learn this fast."""


@dataclass(frozen=True, slots=True)
class GeneralWeightsPlan:
    """Which `stage` is trained, on how many random objects with how many `pictures` each, for how many `iterations`.

    The objects are drawn from `seed`. With `from_kept` the training starts from the stage's weights in the folder.
    """

    stage: str
    subjects: int = 100
    pictures: int = 120
    iterations: int = 3500
    seed: int = 77
    from_kept: bool = False


def train_general_weights(folder: Path, plan: GeneralWeightsPlan, environment: Environment) -> None:
    """Draw the objects, train one stage on all of them, and store its weights beside those of the other stage.

    Raises
    ------
    InputError
        If there is no such stage, or no weights of it to start from.
    """
    stage = _stage_of(plan.stage)
    kept = load_weights(folder) if folder.is_dir() else {}
    if plan.from_kept and plan.stage not in kept:
        raise InputError(f"expected weights of the stage {plan.stage} in {folder} to go on from, got none")
    first = {name: torch.from_numpy(value) for name, value in kept[plan.stage].items()} if plan.from_kept else None
    torch.set_num_threads(environment.cores)
    subjects = _draw_subjects(plan, environment)
    profile = Profile("generic", round(plan.iterations / stage.effort), 0)
    checkpoint = folder.with_name(folder.name + ".checkpoints") / f"{stage.name}.pt"
    with environment.progress("training") as report:

        def watch(done: int, total: int, loss: float) -> None:
            report(done, total, f"loss {loss:.3f} % of size")

        net, _ = fit_stage(stage, profile, subjects, checkpoint, seed=plan.seed, initial=first, watch=watch)
    store_weights(folder, kept | {stage.name: {name: value.numpy() for name, value in net.state_dict().items()}})


def _stage_of(name: str) -> Stage:
    for stage in STAGES:
        if stage.name == name:
            return replace(stage, peak_rate=_PEAK_RATE)
    raise InputError(f"expected a stage of {', '.join(stage.name for stage in STAGES)}, got {name!r}")


def _draw_subjects(plan: GeneralWeightsPlan, environment: Environment) -> list[Subject]:
    subjects = []
    with environment.progress("random objects") as report:
        for number in range(plan.subjects):
            subjects.append(random_subject(np.random.default_rng([plan.seed, number]), plan.pictures))
            report(number + 1, plan.subjects)
    return subjects
