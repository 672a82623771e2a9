"""One training run: a stage, a case and a profile in, trained weights out; interrupted runs go on where they were."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fluoropose.arrays import Points
from fluoropose.drr.atlas import Atlas
from fluoropose.train.checkpoints import read_checkpoint, write_checkpoint
from fluoropose.train.loss import PointLoss
from fluoropose.train.network import AbstractNet, build_net
from fluoropose.train.profiles import Lesson, Profile, Stage
from fluoropose.train.synthesis import Batch, TruthBank, sample_batch

__all__ = ["CHECKPOINT_EVERY", "FitReport", "Subject", "fit_stage"]

CHECKPOINT_EVERY = 250

_THERE_PERCENT = 2.5
"""A pose whose corners are off by less than this in the image counts as found by the presence output."""

_GRADIENT_LIMIT = 5.0

_SIDE_WEIGHT = 0.1
"""Of the likelihood and of presence beside the points' motion."""

_SUBJECTS_A_BATCH = 4
"""Of many subjects, so many are drawn for each batch."""

Watch = Callable[[int, int, float], None]
"""Called with (done, total, running loss)."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """What one run ended with: iterations and the mean loss, percent of size, over its last tenth."""

    iterations: int
    last_loss_percent: float


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An object to learn: its atlas, its true pictures and the corners of its box (8, 3) in mm."""

    atlas: Atlas
    bank: TruthBank
    corners_mm: Points


@dataclass(slots=True)
class _Run:
    net: AbstractNet
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    done: int = 0
    losses: list[float] | None = None


def fit_stage(
    stage: Stage,
    profile: Profile,
    subjects: list[Subject],
    checkpoint: Path,
    *,
    seed: int = 0,
    initial: dict[str, Tensor] | None = None,
    watch: Watch = lambda done, total, loss: None,
) -> tuple[AbstractNet, FitReport]:
    """Train one stage for one subject, or for any by many, from `initial` weights or from none.

    `checkpoint` is written every `CHECKPOINT_EVERY` iterations and read if it is there. Subjects share a size of views,
    and all or none of them have surroundings.
    """
    torch.manual_seed(seed)
    atlas = subjects[0].atlas
    net = build_net(stage.shape, atlas.view.size_px, surrounded=atlas.has_surroundings)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if initial is not None:
        net.load_state_dict(initial)
    optimiser = torch.optim.AdamW(net.parameters(), lr=stage.peak_rate, weight_decay=1e-3)
    run = _Run(net, optimiser, np.random.default_rng([seed, len(stage.name)]), losses=[])
    kind = " surrounded" if atlas.has_surroundings else ""
    told = ", ".join(f"{item.atlas.view.field_mm:.6f} {len(item.bank.images)}" for item in subjects)
    identity = f"{stage} {profile} {seed} {initial is None}{kind} {told}"
    _restore(run, checkpoint, identity)
    losses_of = [PointLoss(item.atlas, item.corners_mm) for item in subjects]
    net.train()
    iterations = round(stage.effort * profile.iterations)
    while run.done < iterations:
        rate = _one_cycle(run.done / iterations, stage.peak_rate * profile.rate)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = _iterate(run, stage, subjects, losses_of)
        run.done += 1
        if run.losses is not None:
            run.losses.append(loss)
        if run.done % CHECKPOINT_EVERY == 0 or run.done == iterations:
            _save(run, checkpoint, identity)
        watch(run.done, iterations, float(np.mean((run.losses or [loss])[-50:])))
    net.eval()
    tail = (run.losses or [math.nan])[-max(1, iterations // 10) :]
    return net, FitReport(run.done, float(np.mean(tail)))


@dataclass(slots=True)
class _Part:
    """Samples of one subject and one lesson in a batch."""

    batch: Batch
    lesson: Lesson
    loss_of: PointLoss


def _drawn(run: _Run, stage: Stage, subjects: list[Subject], losses_of: list[PointLoss]) -> list[_Part]:
    count = min(len(subjects), _SUBJECTS_A_BATCH)
    chosen = run.rng.choice(len(subjects), count, replace=False) if len(subjects) > 1 else [0]
    parts = []
    for n in chosen:
        item = subjects[n]
        for lesson in stage.lessons:
            size = max(1, round(lesson.share * stage.batch / count))
            batch = sample_batch(item.bank, item.atlas, lesson.ranges, size, run.rng, lesson.absent)
            parts.append(_Part(batch, lesson, losses_of[n]))
    return parts


def _iterate(run: _Run, stage: Stage, subjects: list[Subject], losses_of: list[PointLoss]) -> float:
    parts = _drawn(run, stage, subjects, losses_of)
    frames = _stacked([part.batch.frames[:, None] for part in parts])
    views = _stacked([part.batch.views for part in parts])
    with torch.autocast("cpu", torch.bfloat16):
        written, presence = run.net.written(frames, views)
    information, vector = run.net.gathered(written.float())
    predicted = torch.linalg.solve(information, vector[..., None])[..., 0]
    expected = torch.sqrt(torch.diagonal(torch.linalg.inv(information), dim1=1, dim2=2).clamp(min=1e-8))
    main, likelihood, there, taught = [], [], [], []
    first = 0
    for part in parts:
        last = first + len(part.batch.present)
        truth = torch.from_numpy(part.batch.residuals.astype(np.float32))
        index = torch.from_numpy(part.batch.view_index)
        present = torch.from_numpy(part.batch.present)
        weight = present * float(part.lesson.in_plane)
        turns = torch.full_like(present, float(part.lesson.out_of_plane))
        main.append(part.loss_of.point_loss(predicted[first:last], truth, index, turns) * weight)
        errors = predicted[first:last] - truth / part.loss_of.scales
        likelihood.append(_unlikelihood(errors, expected[first:last], turns) * weight)
        there.append(present * (part.loss_of.moves(truth, index)[0] < _THERE_PERCENT).float())
        taught.append(weight)
        first = last
    count = torch.cat(taught).sum().clamp(min=1.0)
    moved = torch.cat(main).sum() / count
    seen = torch.nn.functional.binary_cross_entropy_with_logits(presence[:, 0].float(), torch.cat(there))
    total = moved + _SIDE_WEIGHT * (torch.cat(likelihood).sum() / count + seen)
    run.optimiser.zero_grad()
    total.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), _GRADIENT_LIMIT)
    run.optimiser.step()
    return float(moved.detach())


def _unlikelihood(errors: Tensor, expected: Tensor, turns: Tensor) -> Tensor:
    """Return the mean negative log-likelihood (batch,) of each parameter's error, Laplace with `expected` as scale."""
    each = errors.abs() / expected + torch.log(expected)
    weights = torch.cat([torch.ones_like(each[:, :4]), turns[:, None].expand(-1, 2)], dim=1)
    return (each * weights).sum(dim=1) / weights.sum(dim=1)


def _stacked(images: list[Any]) -> Tensor:
    tensor = torch.from_numpy(np.concatenate(images))
    return tensor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _one_cycle(share: float, peak: float) -> float:
    """Linear warm-up over the first tenth, then a cosine to zero (Smith and Topin 2019, simplified)."""
    if share < 0.1:
        return peak * (0.04 + 0.96 * share / 0.1)
    return peak * 0.5 * (1.0 + math.cos(math.pi * (share - 0.1) / 0.9)) + 1e-6


def _save(run: _Run, checkpoint: Path, identity: str) -> None:
    state = {
        "identity": identity,
        "net": run.net.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "rng": run.rng.bit_generator.state,
        "done": run.done,
        "losses": run.losses,
    }
    write_checkpoint(checkpoint, state)


def _restore(run: _Run, checkpoint: Path, identity: str) -> None:
    state = read_checkpoint(checkpoint, identity)
    if state is None:
        return
    run.net.load_state_dict(state["net"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.rng.bit_generator.state = state["rng"]
    run.done, run.losses = state["done"], state["losses"]
