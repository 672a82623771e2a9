"""`train`: regressors for a case, exported, checked against the golden outputs, measured, written as a bundle."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from fluoropose.drr.case import Case
from fluoropose.evaluation.bundle_accuracy import measure_accuracy
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.extras import require_extra
from fluoropose.evaluation.training_steps import NumberedSteps
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device, version
from fluoropose.io.bundles import shipped_models_root, store_bundle
from fluoropose.io.weights import load_weights
from fluoropose.registration.regression.bundle import Bundle

__all__ = ["checkpoint_folder", "train_bundle"]

_PICTURES = "rendering pictures to learn from"
_NETWORKS = {"coarse": "training the coarse network", "fine": "training the fine network"}
_MEASURING = ("simulating frames", "measuring")
"""What `measure_accuracy` calls its two parts."""


def checkpoint_folder(folder: Path) -> Path:
    """Return where the checkpoints of a bundle's training lie until the bundle is complete."""
    return folder.with_name(folder.name + ".checkpoints")


def train_bundle(case: Case, folder: Path, profile_name: str, seed: int, environment: Environment) -> dict[str, Any]:
    """Train, measure and store a bundle; return the measured accuracy.

    Checkpoints lie in `checkpoint_folder` until the bundle is complete.

    Raises
    ------
    InputError
        If there is no such profile, or the extra `train` is not installed.
    """
    with require_extra("train"):
        from fluoropose.train.card import model_card
        from fluoropose.train.precision import choose_dtype, describe_choice, processor_capabilities
        from fluoropose.train.profiles import profile as profile_of
        from fluoropose.train.run import train_case
    chosen = profile_of(profile_name)
    checkpoints = checkpoint_folder(folder)
    if chosen.iterations:
        environment.say(describe_choice(choose_dtype(processor_capabilities())))
    titles = (_PICTURES, *(_NETWORKS.values() if chosen.iterations else ()), *_MEASURING)
    with NumberedSteps(environment.progress, titles) as steps:

        def watch(network: str, done: int, total: int, loss: float) -> None:
            steps.report(_NETWORKS[network], done, total, f"loss {loss:.3f} % of size")

        trained = train_case(
            case, chosen, checkpoints, seed=seed, threads=environment.cores,
            initial=load_weights(shipped_models_root() / "universal"),
            bank_progress=partial(steps.report, _PICTURES), watch=watch,
        )  # fmt: skip
        bundle = Bundle(folder.name, case.digest, trained.models, trained.golden)
        resident = load_resident_case(case, bundle, open_device("cpu", 1))
        facts = measure_accuracy(resident, seed, replace(environment, progress=steps.bars), starts=chosen.starts)
    card = model_card(folder.name, case, chosen, seed, trained.reports, facts)
    recorded = {"profile": chosen.name, "seed": seed, "onnxruntime": version(), "measured": facts}
    store_bundle(folder, Bundle(folder.name, case.digest, trained.models, trained.golden, recorded), card)
    _remove_checkpoints(checkpoints)
    return facts


def _remove_checkpoints(folder: Path) -> None:
    for path in folder.glob("*.pt"):
        path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
