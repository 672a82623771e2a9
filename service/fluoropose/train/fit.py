"""Train one network for one object or for many; an interrupted training goes on from its checkpoint."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fluoropose.arrays import Float32, Points
from fluoropose.drr.atlas import Atlas
from fluoropose.errors import StorageError
from fluoropose.train.checkpoints import restore_training, write_training
from fluoropose.train.loss import PointLoss
from fluoropose.train.network import AbstractNet, build_net
from fluoropose.train.precision import autocast, choose_dtype, processor_capabilities
from fluoropose.train.profiles import Lesson, Profile, Stage
from fluoropose.train.synthesis import Batch, TruthBank, sample_batch

__all__ = [
    "AbstractSubjects",
    "FitReport",
    "FitSettings",
    "FixedSubjects",
    "LearntSubject",
    "Subject",
    "fit_stage",
    "learnt_subject",
]

_PRESENT_PERCENT = 2.5
"""The presence output is taught that the object is there where the corners are off by less than this in the image."""

_GRADIENT_LIMIT = 5.0

_SIDE_WEIGHT = 0.1
"""The weight of the likelihood and of the presence in the loss; the motion of the points has weight 1."""

_SUBJECTS_PER_BATCH = 4
"""How many of many subjects are drawn for each batch."""

Watch = Callable[[int, int, float], None]
"""Called with (done, total, running loss)."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """The number of iterations of a training and the mean loss over the last tenth of them, in percent of size."""

    iterations: int
    last_loss_percent: float


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a training runs: iterations between two checkpoints, and the convolutions' number type.

    With no `dtype` it is what `train.precision` chooses for this processor.
    """

    checkpoint_every: int = 250
    dtype: torch.dtype | None = None


_DEFAULT_SETTINGS = FitSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An object to learn: its atlas, its true pictures and the corners of its box (8, 3) in mm."""

    atlas: Atlas
    bank: TruthBank
    corners_mm: Points


class AbstractSubjects(ABC):
    """The objects of a training. `identity` tells a checkpoint's training apart from others."""

    size_px: int
    identity: str

    @abstractmethod
    def draw(self, iteration: int, rng: np.random.Generator) -> list["LearntSubject"]:
        """Return the objects of the batch of an iteration; the same whenever a training is gone on with."""


@dataclass(frozen=True, slots=True, eq=False)
class LearntSubject:
    """An object with its loss."""

    subject: Subject
    point_loss: PointLoss


def learnt_subject(subject: Subject) -> LearntSubject:
    """Return a subject with its loss."""
    return LearntSubject(subject, PointLoss(subject.atlas, subject.corners_mm))


class FixedSubjects(AbstractSubjects):
    """One object to train for it alone, or many to train for any; all or none have surroundings."""

    def __init__(self, subjects: list[Subject]) -> None:
        """Prepare the losses of the subjects, whose views are of one size."""
        self.size_px = subjects[0].atlas.view.size_px
        surrounded = subjects[0].atlas.has_surroundings
        objects = ", ".join(f"{item.atlas.view.field_mm:.6f} {len(item.bank.images)}" for item in subjects)
        self.identity = f"{' surrounded' if surrounded else ''} {objects}"
        self._learnt = [learnt_subject(item) for item in subjects]

    def draw(self, iteration: int, rng: np.random.Generator) -> list[LearntSubject]:
        """Return up to four random subjects."""
        count = min(len(self._learnt), _SUBJECTS_PER_BATCH)
        chosen = rng.choice(len(self._learnt), count, replace=False) if len(self._learnt) > 1 else [0]
        return [self._learnt[n] for n in chosen]


@dataclass(slots=True)
class _Run:
    """The state of a training, which a checkpoint holds, and the number type that it computes in."""

    net: AbstractNet
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    dtype: torch.dtype
    done: int = 0
    losses: list[float] = field(default_factory=list)


def fit_stage(
    stage: Stage,
    profile: Profile,
    subjects: AbstractSubjects,
    checkpoint: Path,
    *,
    seed: int = 0,
    initial: dict[str, Tensor] | None = None,
    watch: Watch = lambda done, total, loss: None,
    settings: FitSettings = _DEFAULT_SETTINGS,
) -> tuple[AbstractNet, FitReport]:
    """Train one network.

    Parameters
    ----------
    stage : which network, and what it is taught
    profile : the budget
    subjects : the objects that are learnt
    checkpoint : a file, written every so many iterations and read if this same training wrote it
    seed : fixes the first weights and the samples
    initial : the weights to start from; random ones if there are none
    watch : called after every iteration; if it raises KeyboardInterrupt, a checkpoint is written first
    settings : how often checkpoints are written, and the number type

    Returns
    -------
    net : the trained network
    report : iterations and the loss at the end

    Raises
    ------
    StorageError
        If a checkpoint cannot be written.
    """
    run = _begin(stage, subjects, seed, initial, settings)
    identity = f"{stage} {profile} {seed} {initial is None}{subjects.identity}"
    _restore(run, checkpoint, identity)
    run.net.train()
    iterations = round(stage.effort * profile.iterations)
    while run.done < iterations:
        rate = _one_cycle(run.done / iterations, stage.peak_rate * profile.rate)
        for group in run.optimiser.param_groups:
            group["lr"] = rate
        run.losses.append(_iterate(run, stage, subjects.draw(run.done, run.rng)))
        run.done += 1
        if run.done % settings.checkpoint_every == 0 or run.done == iterations:
            _save(run, checkpoint, identity)
        try:
            watch(run.done, iterations, float(np.mean(run.losses[-50:])))
        except KeyboardInterrupt:
            with suppress(StorageError):
                _save(run, checkpoint, identity)
            raise
    run.net.eval()
    tail = (run.losses or [math.nan])[-max(1, iterations // 10) :]
    return run.net, FitReport(run.done, float(np.mean(tail)))


def _begin(
    stage: Stage, subjects: AbstractSubjects, seed: int, initial: dict[str, Tensor] | None, settings: FitSettings
) -> _Run:
    """Return a training of a stage before its first iteration."""
    torch.manual_seed(seed)
    net = build_net(stage.shape, subjects.size_px)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if initial is not None:
        net.load_state_dict(initial)
    optimiser = torch.optim.AdamW(net.parameters(), lr=stage.peak_rate, weight_decay=1e-3)
    dtype = settings.dtype or choose_dtype(processor_capabilities())
    return _Run(net, optimiser, np.random.default_rng([seed, len(stage.name)]), dtype)


@dataclass(slots=True)
class _Part:
    """Samples of one subject and one lesson in a batch."""

    batch: Batch
    lesson: Lesson
    point_loss: PointLoss


def _draw_parts(run: _Run, stage: Stage, learnt: list[LearntSubject]) -> list[_Part]:
    """Return the parts of one batch: of each object one for each lesson."""
    parts = []
    for one in learnt:
        item = one.subject
        for lesson in stage.lessons:
            size = max(1, round(lesson.share * stage.batch / len(learnt)))
            batch = sample_batch(item.bank, item.atlas, lesson.ranges, size, run.rng, lesson.absent)
            parts.append(_Part(batch, lesson, one.point_loss))
    return parts


def _iterate(run: _Run, stage: Stage, learnt: list[LearntSubject]) -> float:
    """Take one step of the optimiser; return the mean motion of the points, in percent of size."""
    parts = _draw_parts(run, stage, learnt)
    frames = _stack([part.batch.frames[:, None] for part in parts])
    pictures = max(part.batch.views.shape[1] for part in parts)
    views = _stack([_with_pictures(part.batch.views, pictures) for part in parts])
    with autocast(run.dtype):
        equations, presence = run.net.predict_equations(frames, views)
    information, vector = run.net.sum_equations(equations.float())
    total, moved = _losses(parts, torch.linalg.solve(information, vector[..., None])[..., 0], information, presence)
    run.optimiser.zero_grad()
    total.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), _GRADIENT_LIMIT)
    run.optimiser.step()
    return float(moved.detach())


def _losses(parts: list[_Part], predicted: Tensor, information: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
    """Return the whole loss of a batch, and the points' motion in it."""
    expected = torch.sqrt(torch.diagonal(torch.linalg.inv(information), dim1=1, dim2=2).clamp(min=1e-8))
    main, likelihood, near, taught = [], [], [], []
    first = 0
    for part in parts:
        last = first + len(part.batch.present)
        truth = torch.from_numpy(part.batch.residuals.astype(np.float32))
        index = torch.from_numpy(part.batch.view_index)
        present = torch.from_numpy(part.batch.present)
        weight = present * float(part.lesson.in_plane)
        turns = torch.full_like(present, float(part.lesson.out_of_plane))
        main.append(part.point_loss.point_loss(predicted[first:last], truth, index, turns) * weight)
        errors = predicted[first:last] - truth / part.point_loss.scales
        likelihood.append(_negative_log_likelihood(errors, expected[first:last], turns) * weight)
        near.append(present * (part.point_loss.moves(truth, index)[0] < _PRESENT_PERCENT).float())
        taught.append(weight)
        first = last
    count = torch.cat(taught).sum().clamp(min=1.0)
    moved = torch.cat(main).sum() / count
    seen = torch.nn.functional.binary_cross_entropy_with_logits(presence[:, 0].float(), torch.cat(near))
    return moved + _SIDE_WEIGHT * (torch.cat(likelihood).sum() / count + seen), moved


def _negative_log_likelihood(errors: Tensor, expected: Tensor, turns: Tensor) -> Tensor:
    """Return the mean over the parameters (batch,); errors are Laplace with `expected` as scale."""
    each = errors.abs() / expected + torch.log(expected)
    weights = torch.cat([torch.ones_like(each[:, :4]), turns[:, None].expand(-1, 2)], dim=1)
    return (each * weights).sum(dim=1) / weights.sum(dim=1)


def _with_pictures(views: Float32, pictures: int) -> Float32:
    """Return the pictures of looks (batch, n, size, size) with empty surroundings, if others of the batch have some."""
    missing = pictures - views.shape[1]
    return np.pad(views, [(0, 0), (0, missing), (0, 0), (0, 0)]) if missing else views


def _stack(images: list[Any]) -> Tensor:
    """Return images of several parts as one batch, channels last."""
    tensor = torch.from_numpy(np.concatenate(images))
    return tensor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _one_cycle(share: float, peak: float) -> float:
    """Return the learning rate after a `share` of the iterations.

    It rises linearly over the first tenth and falls to zero as a cosine (Smith and Topin 2019, simplified).
    """
    if share < 0.1:
        return peak * (0.04 + 0.96 * share / 0.1)
    return peak * 0.5 * (1.0 + math.cos(math.pi * (share - 0.1) / 0.9)) + 1e-6


def _save(run: _Run, checkpoint: Path, identity: str) -> None:
    progress = {"done": run.done, "losses": run.losses}
    write_training(checkpoint, identity, run.net, run.optimiser, run.rng, progress)


def _restore(run: _Run, checkpoint: Path, identity: str) -> None:
    state = restore_training(checkpoint, identity, run.net, run.optimiser, run.rng)
    if state is not None:
        run.done, run.losses = state["done"], state["losses"]
