"""Train the networks of a case: bank of pictures, both networks, their export and the golden outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fluoropose.drr.atlas import Progress, default_step_mm, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.errors import InputError
from fluoropose.imaging.sampling import normalised_homography
from fluoropose.registration.regression.bundle import Golden, NetworkGraphs, weights_file
from fluoropose.registration.regression.step import solve_regression
from fluoropose.train.export import export_network
from fluoropose.train.fit import FitReport, FixedSubjects, Subject, fit_stage
from fluoropose.train.network import AbstractNet, StepGeometry, StepModel, build_net, step_geometry
from fluoropose.train.profiles import STAGES, Profile, Stage
from fluoropose.train.synthesis import build_bank, sample_batch

__all__ = ["Trained", "Weights", "golden_outputs", "initial_tensors", "train_case"]

Weights = dict[str, dict[str, NDArray[Any]]]
"""Arrays by network and name."""

StageWatch = Callable[[str, int, int, float], None]
"""Called with (network, done, total, running loss in percent of size)."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The graphs of each network, golden outputs of the fine one, and how each training ended."""

    models: dict[str, NetworkGraphs]
    golden: Golden
    reports: dict[str, FitReport]


def train_case(
    case: Case,
    profile: Profile,
    checkpoints: Path,
    *,
    seed: int = 0,
    threads: int = 2,
    initial: Weights | None = None,
    bank_progress: Progress = no_progress,
    watch: StageWatch = lambda stage, done, total, loss: None,
) -> Trained:
    """Train both networks of a case, from `initial` weights where they were made for views of its size.

    A training with the same profile and seed goes on from its `checkpoints`, a folder.

    Raises
    ------
    InputError
        If the profile trains nothing and a network has no initial weights for these views.
    StorageError
        If a checkpoint cannot be written.
    """
    torch.set_num_threads(threads)
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    rest = None if case.rest is None else rest_renderer(case.rest, case.atlas.view)
    rng = np.random.default_rng([seed, 1])
    bank = build_bank(renderer, case.atlas, profile.bank, rng, rest=rest, progress=bank_progress)
    starts = {stage.name: initial_tensors(initial, stage, case.atlas.view.size_px) for stage in STAGES}
    missing = [name for name, start in starts.items() if start is None]
    if not profile.iterations and missing:
        raise InputError(
            f"expected universal weights of every network for views of {case.atlas.view.size_px} px to use without "
            f"training, got none for {', '.join(missing)}"
        )
    geometry = step_geometry(case.atlas)
    models: dict[str, NetworkGraphs] = {}
    reports: dict[str, FitReport] = {}
    net: AbstractNet | None = None
    for stage in STAGES:
        path = checkpoints / f"{stage.name}.pt"
        net, reports[stage.name] = fit_stage(
            stage,
            profile,
            FixedSubjects([Subject(case.atlas, bank, case.corners_mm)]),
            path,
            seed=seed,
            initial=starts[stage.name],
            watch=partial(watch, stage.name),
        )
        models[stage.name] = export_network(net, geometry, weights_file(stage.name))
    if net is None:
        raise AssertionError("STAGES is empty")
    golden = golden_outputs(net, Subject(case.atlas, bank, case.corners_mm), geometry, np.random.default_rng([seed, 2]))
    return Trained(models, golden, reports)


def initial_tensors(weights: Weights | None, stage: Stage, size_px: int) -> dict[str, torch.Tensor] | None:
    """Return the weights that a network starts from, or None where `weights` has none of its shape."""
    if weights is None or stage.name not in weights:
        return None
    wanted = build_net(stage.shape, size_px).state_dict()
    given = {name: torch.from_numpy(np.array(value)) for name, value in weights[stage.name].items()}
    fits = given.keys() == wanted.keys() and all(given[name].shape == wanted[name].shape for name in wanted)
    return given if fits else None


def golden_outputs(net: AbstractNet, subject: Subject, geometry: StepGeometry, rng: np.random.Generator) -> Golden:
    """Return what the fine network gives for a random frame of an object and a cached view near its pose."""
    atlas = subject.atlas
    batch = sample_batch(subject.bank, atlas, STAGES[-1].lessons[0].ranges, 1, rng)
    frame, index = batch.frames[0], int(batch.view_index[0])
    model = StepModel(net, geometry).eval()
    homography = normalised_homography(np.eye(3), *frame.shape)
    cached = np.array(atlas.pictures[list(atlas.picture_indices(index))], dtype=np.float16)
    frame = frame.astype(np.float16)
    with torch.no_grad():
        information, vector, presence = model(
            torch.from_numpy(frame)[None, None],
            torch.zeros(1, dtype=torch.int64),
            torch.from_numpy(homography.astype(np.float32))[None],
            torch.arange(len(cached))[None],
            torch.from_numpy(cached)[:, None],
        )
    seen = solve_regression(information.double().numpy(), vector.double().numpy(), presence[:, 0].double().numpy())
    residuals, sigmas = seen.residuals[0], seen.sigmas[0]
    return Golden(frame.astype(np.float32), homography, cached, residuals, sigmas, float(seen.presence[0]))
