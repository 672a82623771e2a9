"""One training run: a stage, a case and a profile in, trained weights out; interrupted runs go on where they were."""

import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fluoropose.arrays import Points
from fluoropose.drr.atlas import Atlas
from fluoropose.errors import StorageError
from fluoropose.train.loss import PointLoss
from fluoropose.train.network import RegressorNet
from fluoropose.train.profiles import Profile, Stage
from fluoropose.train.synthesis import TruthBank, sample_batch

__all__ = ["CHECKPOINT_EVERY", "FitReport", "fit_stage"]

CHECKPOINT_EVERY = 250

_THERE_PERCENT = 2.5
"""A pose whose corners are off by less than this in the image counts as found by the presence output."""

_GRADIENT_LIMIT = 5.0

Watch = Callable[[int, int, float], None]
"""Called with (done, total, running loss)."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """What one run ended with: iterations and the mean loss, percent of size, over its last tenth."""

    iterations: int
    last_loss_percent: float


@dataclass(slots=True)
class _Run:
    net: RegressorNet
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    done: int = 0
    losses: list[float] | None = None


def fit_stage(
    stage: Stage,
    profile: Profile,
    atlas: Atlas,
    bank: TruthBank,
    corners_mm: Points,
    checkpoint: Path,
    *,
    seed: int = 0,
    watch: Watch = lambda done, total, loss: None,
) -> tuple[RegressorNet, FitReport]:
    """Train one stage; `checkpoint` is written every `CHECKPOINT_EVERY` iterations and read if it is there."""
    torch.manual_seed(seed)
    net = RegressorNet(stage.shape, atlas.view.size_px).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(net.parameters(), lr=profile.peak_rate, weight_decay=1e-3)
    run = _Run(net, optimiser, np.random.default_rng([seed, len(stage.name)]), losses=[])
    identity = f"{stage} {profile} {seed} {atlas.view.field_mm:.6f} {len(bank.images)}"
    _restore(run, checkpoint, identity)
    loss_of = PointLoss(atlas, corners_mm)
    net.train()
    while run.done < profile.iterations:
        rate = _one_cycle(run.done / profile.iterations, profile.peak_rate)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = _iterate(run, stage, profile, atlas, bank, loss_of)
        run.done += 1
        if run.losses is not None:
            run.losses.append(loss)
        if run.done % CHECKPOINT_EVERY == 0 or run.done == profile.iterations:
            _save(run, checkpoint, identity)
        watch(run.done, profile.iterations, float(np.mean((run.losses or [loss])[-50:])))
    net.eval()
    tail = (run.losses or [math.nan])[-max(1, profile.iterations // 10) :]
    return net, FitReport(run.done, float(np.mean(tail)))


def _iterate(run: _Run, stage: Stage, profile: Profile, atlas: Atlas, bank: TruthBank, loss_of: PointLoss) -> float:
    parts = [
        (sample_batch(bank, atlas, ranges, round(share * profile.batch), run.rng, absent), teaches)
        for share, ranges, teaches, absent in stage.mix
    ]
    frames = _stack([part.frames for part, _ in parts])
    cached = _stack([part.cached for part, _ in parts])
    with torch.autocast("cpu", torch.bfloat16):
        in_plane, out_of_plane, quality = run.net(frames, cached)
    truth = torch.from_numpy(np.concatenate([part.residuals for part, _ in parts]).astype(np.float32))
    index = torch.from_numpy(np.concatenate([part.view_index for part, _ in parts]))
    present = torch.from_numpy(np.concatenate([part.present for part, _ in parts]))
    turns = torch.from_numpy(
        np.concatenate([part.present * float(teaches) for part, teaches in parts]).astype(np.float32)
    )
    first = loss_of.group_loss(in_plane, truth, index, 0)
    second = loss_of.group_loss(out_of_plane, truth, index, 4)
    main = (first * present).sum() / present.sum() + (second * turns).sum() / turns.sum().clamp(min=1.0)
    predicted = torch.cat([in_plane, out_of_plane], dim=1).float().detach()
    total = main + 0.1 * _quality_loss(quality.float(), predicted, truth, index, present, turns, loss_of)
    run.optimiser.zero_grad()
    total.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), _GRADIENT_LIMIT)
    run.optimiser.step()
    return float(main.detach())


def _quality_loss(
    quality: Tensor, predicted: Tensor, truth: Tensor, index: Tensor, present: Tensor, turns: Tensor, loss_of: PointLoss
) -> Tensor:
    """Laplace likelihood of each parameter's error, and cross-entropy of "the object is near this pose"."""
    wrong = (predicted - truth / loss_of.scales).abs()
    log_scale = quality[:, :6].clamp(-7.0, 4.0)
    likelihood = wrong * torch.exp(-log_scale) + log_scale
    weights = torch.cat([present[:, None].expand(-1, 4), turns[:, None].expand(-1, 2)], dim=1)
    image, _ = loss_of.moves(truth, index)
    there = present * (image < _THERE_PERCENT).float()
    presence = torch.nn.functional.binary_cross_entropy_with_logits(quality[:, 6], there)
    return (likelihood * weights).sum() / weights.sum() + presence


def _stack(images: list[Any]) -> Tensor:
    tensor = torch.from_numpy(np.concatenate(images))[:, None]
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
    part = checkpoint.with_suffix(".part")
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        os.replace(part, checkpoint)
    except (OSError, RuntimeError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(f"expected to write the checkpoint {checkpoint.name}, got: {error}") from error


def _restore(run: _Run, checkpoint: Path, identity: str) -> None:
    if not checkpoint.exists():
        return
    state = torch.load(checkpoint, weights_only=True)
    if state["identity"] != identity:
        return
    run.net.load_state_dict(state["net"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.rng.bit_generator.state = state["rng"]
    run.done, run.losses = state["done"], state["losses"]
