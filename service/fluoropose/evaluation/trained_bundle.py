"""`train`: regressors for a case, exported, checked against the golden outputs, measured, written as a bundle."""

from pathlib import Path
from typing import Any

from fluoropose.drr.case import Case
from fluoropose.evaluation.bundle_accuracy import measure_accuracy
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.extras import require_extra
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device, version
from fluoropose.io.bundles import shipped_models_root, store_bundle
from fluoropose.io.weights import load_weights
from fluoropose.registration.regression.bundle import Bundle

__all__ = ["train_bundle"]


def train_bundle(case: Case, folder: Path, profile_name: str, seed: int, environment: Environment) -> dict[str, Any]:
    """Train, measure and store a bundle; return the measured accuracy.

    Checkpoints lie in `<folder>.checkpoints` until the bundle is complete.

    Raises
    ------
    InputError
        If there is no such profile, or the extra `train` is not installed.
    """
    with require_extra("train"):
        from fluoropose.train.card import model_card
        from fluoropose.train.profiles import profile as profile_of
        from fluoropose.train.run import train_case
    chosen = profile_of(profile_name)
    checkpoints = folder.with_name(folder.name + ".checkpoints")
    with environment.progress("rendering bank") as report:

        def watch(stage: str, done: int, total: int, loss: float) -> None:
            report(done, total, f"{stage}, loss {loss:.3f} % of size")

        trained = train_case(
            case, chosen, checkpoints, seed=seed, threads=environment.cores,
            initial=load_weights(shipped_models_root() / "generic"), bank_progress=report, watch=watch,
        )  # fmt: skip
    bundle = Bundle(folder.name, case.digest, trained.models, trained.golden)
    resident = load_resident_case(case, bundle, open_device("cpu", 1))
    facts = measure_accuracy(resident, seed, environment, starts=chosen.starts)
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
