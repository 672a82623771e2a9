"""Make the universal bundle from its weights: graphs for objects alone and for objects in a body, with their card."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.errors import InputError
from fluoropose.inference.onnx_runtime import version
from fluoropose.io.bundles import store_bundle
from fluoropose.io.weights import load_weights
from fluoropose.registration.regression.bundle import ANY_CASE, Bundle, weights_file
from fluoropose.train.export import export_network
from fluoropose.train.fit import Subject
from fluoropose.train.network import NEIGHBOURS, AbstractNet, StepGeometry, build_net
from fluoropose.train.run import golden_outputs, initial_tensors
from fluoropose.train.universal import UNIVERSAL_STAGES, universal_subject

__all__ = ["export_universal"]

_SIZE_PX = 128
_CARD = """# Model card: universal ({kind})

Regressors for any object {kind}. Nothing of a case is in them: they were taught random objects only (solids, long,
flat and vertebra-like bones, shells, stems and plates of metal), half of them in random bodies, and no object that
ships or that results are reported for. Synthetic pictures only; no real X-ray was seen.

How they are made: `fluoropose evaluate universal-weights`. Measured: `docs/measured/universal.md`.

## Not for

Diagnosis or guidance of a patient without your own validation.
"""


def export_universal(folder: Path, weights: Path, facts: dict[str, Any]) -> None:
    """Write `folder`/alone and `folder`/body from the weights of both stages.

    Raises
    ------
    InputError
        If a stage has no weights.
    """
    nets = _build_nets(weights)
    for name, surrounded in (("alone", False), ("body", True)):
        geometry = StepGeometry(_SIZE_PX, NEIGHBOURS + surrounded)
        models = {stage: export_network(net, geometry, weights_file(stage)) for stage, net in nets.items()}
        subject = _first_subject(lambda one: one.atlas.has_surroundings == surrounded)  # noqa: B023
        golden = golden_outputs(nets["fine"], subject, geometry, np.random.default_rng(3))
        bundle = Bundle("universal", ANY_CASE, models, golden, {**facts, "onnxruntime": version()})
        store_bundle(folder / name, bundle, _CARD.format(kind="in a body" if surrounded else "alone"))


def _build_nets(folder: Path) -> dict[str, AbstractNet]:
    weights, nets = load_weights(folder), {}
    for name, network in UNIVERSAL_STAGES.items():
        tensors = initial_tensors(weights, network.stage, _SIZE_PX)
        if tensors is None:
            raise InputError(f"expected weights of the stage {name} in {folder.name}, got none of its shape")
        nets[name] = build_net(network.stage.shape, _SIZE_PX)
        nets[name].load_state_dict(tensors)
        nets[name].eval()
    return nets


def _first_subject(fits: Callable[[Subject], bool]) -> Subject:
    """Return the first random object of a kind."""
    grid = UNIVERSAL_STAGES["fine"].grid
    number = 0
    while not fits(subject := universal_subject(np.random.default_rng([7, number]), 4, grid)):
        number += 1
    return subject
