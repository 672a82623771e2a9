"""One regressor's training as published: SGD, batches of 64, the paper's rate, momentum and decay; resumable.

    loss = mean over the batch of ||(dt - f(residual)) / units||^2,    rate_i = 0.0025 (1 + 0.0001 i)^-0.75

(Miao, Wang, Liao 2016, eqs 15 to 18; the units are ours, see `networks`.) The paper runs 12,500 iterations; how many
run here is the caller's choice and is recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fluoropose.evaluation.published.plan import ParameterGroup
from fluoropose.evaluation.published.training.networks import LinearNet, PublishedNet
from fluoropose.evaluation.published.training.pairs import Samples
from fluoropose.train.checkpoints import restore_training, write_training
from fluoropose.train.precision import autocast, choose_dtype, processor_capabilities

__all__ = ["Draw", "FitPlan", "GroupReport", "fit_group", "fit_linear"]

PAPER_ITERATIONS = 12_500
_RIDGE = 1e-3
_PART = 8

Draw = Callable[[int, np.random.Generator], Samples]
"""Gives a batch of that many samples."""

Watch = Callable[[int, int, float], None]
"""Called with (done, total, running loss)."""


@dataclass(frozen=True, slots=True)
class FitPlan:
    """The paper's solver; `iterations` and `pool` are what the machine allows (12,500 and 25,000 there)."""

    iterations: int = PAPER_ITERATIONS
    pool: int = 2000
    batch: int = 64
    rate: float = 0.0025
    momentum: float = 0.9
    weight_decay: float = 1e-4
    strength: float = 1.0
    checkpoint_every: int = 50

    def rate_at(self, iteration: int) -> float:
        """Return the learning rate of an iteration."""
        return self.rate * (1.0 + 1e-4 * iteration) ** -0.75


@dataclass(frozen=True, slots=True)
class GroupReport:
    """What a group's training ended with: iterations and the RMSE of each parameter over its last tenth."""

    iterations: int
    rmse: tuple[float, ...]


@dataclass(slots=True)
class _Run:
    net: PublishedNet
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    done: int
    squares: list[list[float]]


def fit_group(
    net: PublishedNet,
    group: ParameterGroup,
    draw: Draw,
    plan: FitPlan,
    checkpoint: Path,
    *,
    identity: str,
    seed: int,
    watch: Watch = lambda done, total, loss: None,
) -> GroupReport:
    """Train `net` in place; a checkpoint of the same `identity` is gone on from."""
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.SGD(net.parameters(), lr=plan.rate, momentum=plan.momentum, weight_decay=plan.weight_decay)
    run = _Run(net, optimiser, np.random.default_rng([seed, len(group.name)]), 0, [])
    _restore(run, checkpoint, identity)
    net.train()
    while run.done < plan.iterations:
        for each in optimiser.param_groups:
            each["lr"] = plan.rate_at(run.done)
        run.squares.append(_iterate(run, group, draw, plan))
        run.done += 1
        if run.done % plan.checkpoint_every == 0 or run.done == plan.iterations:
            _save(run, checkpoint, identity)
        watch(run.done, plan.iterations, float(np.sum(np.mean(run.squares[-25:], axis=0))))
    net.eval()
    net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return GroupReport(run.done, _rmse(run.squares[-max(1, plan.iterations // 10) :]))


def fit_linear(net: LinearNet, group: ParameterGroup, draw: Draw, plan: FitPlan, seed: int) -> GroupReport:
    """Solve the linear layer by ridge regression on as many samples as SGD would see, without iterations."""
    rng = np.random.default_rng([seed, len(group.name)])
    size = net.output.in_features + 1
    normal, right = np.zeros((size, size)), np.zeros((size, len(group.parameters)))
    squares = []
    for _ in range(plan.iterations):
        samples = draw(plan.batch, rng)
        with torch.no_grad():
            features = net.features(torch.from_numpy(samples.residuals)).double().numpy()
        x = np.concatenate([features, np.ones((len(features), 1))], axis=1)
        y = samples.errors[:, list(group.parameters)]
        normal += x.T @ x
        right += x.T @ y
        squares.append((x, y))
        squares = squares[-max(1, plan.iterations // 10) :]
    weights = np.linalg.solve(normal + _RIDGE * np.trace(normal) / size * np.eye(size), right)
    scaled = weights / net.units.double().numpy()
    with torch.no_grad():
        net.output.weight.copy_(torch.from_numpy(scaled[:-1].T.astype(np.float32)))
        net.output.bias.copy_(torch.from_numpy(scaled[-1].astype(np.float32)))
    wrong = [((x @ weights - y) ** 2).mean(axis=0).tolist() for x, y in squares]
    return GroupReport(plan.iterations, _rmse(wrong))


def _iterate(run: _Run, group: ParameterGroup, draw: Draw, plan: FitPlan) -> list[float]:
    """Take one step; return the mean square of each parameter's error.

    The batch goes through in parts whose activations stay in the cache: the same gradient, a third sooner.
    """
    samples = draw(plan.batch, run.rng)
    residuals = torch.from_numpy(samples.residuals)
    truth = torch.from_numpy(samples.errors[:, list(group.parameters)].astype(np.float32))
    total, dtype = torch.zeros(truth.shape[1]), choose_dtype(processor_capabilities())
    run.optimiser.zero_grad()
    for part, answer in zip(residuals.split(_PART), truth.split(_PART), strict=True):
        with autocast(dtype):
            found = run.net(part)
        squares = (found.float() - answer) ** 2
        ((squares / run.net.units**2).sum() / plan.batch).backward()
        total += squares.detach().sum(dim=0)
    run.optimiser.step()
    return [float(value) for value in total / plan.batch]


def _rmse(squares: list[list[float]]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.sqrt(np.mean(squares, axis=0)))


def _save(run: _Run, checkpoint: Path, identity: str) -> None:
    progress = {"done": run.done, "squares": run.squares}
    write_training(checkpoint, identity, run.net, run.optimiser, run.rng, progress)


def _restore(run: _Run, checkpoint: Path, identity: str) -> None:
    state = restore_training(checkpoint, identity, run.net, run.optimiser, run.rng)
    if state is not None:
        run.done, run.squares = state["done"], state["squares"]
