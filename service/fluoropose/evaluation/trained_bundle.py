"""`train`: regressors for a case, exported, checked against the golden outputs, measured, written as a bundle."""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.cli.console import console, progress_bar
from fluoropose.cli.settings import shipped_models_root
from fluoropose.drr.case import Case
from fluoropose.errors import InputError
from fluoropose.evaluation.metrics.summary import machine_name, summary
from fluoropose.evaluation.trials import TrialResult, Truth, run_starts
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.onnx_runtime import open_device, version
from fluoropose.io.bundles import store_bundle
from fluoropose.io.weights import load_weights
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.bundle import Bundle
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.simulate.run import Scene, simulate_run
from fluoropose.simulate.scenes import FINER_SHARE, ct_camera, ct_scene, run_motions, shipped_scene

__all__ = ["case_scene", "measure", "simulated_truths", "train_bundle"]

_CARD_FRAMES, _CARD_STARTS = 20, 100


def case_scene(case: Case, seed: int, *, limb: bool = False) -> tuple[Scene, Any, Any]:
    """Return the simulator's scene of a case with the motions of object and anatomy; drawn anatomy may be a limb's."""
    rng = np.random.default_rng([seed, 100])
    item = next((item for item in OBJECTS.values() if item.name == case.name), None)
    if item is not None and case.rest is None:
        finer = item.volume(FINER_SHARE * item.voxel_mm)
        scene = shipped_scene(case, finer, item.camera(), item.voxel_mm, rng, limb=limb)
    else:
        scene = ct_scene(case, ct_camera(case))
    return scene, *run_motions(case, rng, rest_moves=case.rest is not None)


def simulated_truths(case: Case, frames: int, fps: float, seed: int, cores: int) -> tuple[Scene, list[Truth]]:
    """Return a simulated run of a case, with a progress bar."""
    scene, motion, anatomy_motion = case_scene(case, seed)
    with progress_bar("simulating frames") as report:
        made = simulate_run(scene, motion, anatomy_motion, frames, fps, seed, workers=cores, progress=report)
    return scene, [Truth(frame.pixels, frame.camera_from_volume) for frame in made]


def measure(
    resident: ResidentCase, seed: int, cores: int, *, frames: int = _CARD_FRAMES, starts: int = _CARD_STARTS
) -> dict[str, Any]:
    """Return the accuracy of a resident case on simulated frames from the paper's starts."""
    case = resident.case
    # A slow run: the frames are spread over the whole motion.
    scene, truths = simulated_truths(case, frames, 1.0, seed + 1, cores)

    def register(pixels: Any, start: Any) -> TrialResult:
        found = resident.register(pixels, scene.camera, PixelMeaning.INTENSITY, False, Plan(start, nearby=False))
        assessment = found.assessment
        return TrialResult(found.camera_from_volume, assessment.status.value, assessment.confidence, found.timing_ms)

    with progress_bar("measuring") as report:
        trials = run_starts(truths, case.pose_frame, case.corners_mm, starts, register, seed, report)
    return summary(case.name, case.size_mm, trials, machine_name())


def train_bundle(
    case: Case, folder: Path, profile_name: str, *, seed: int, cores: int, resume: Path | None = None
) -> dict[str, Any]:
    """Train, measure and store a bundle; return the measured accuracy.

    Checkpoints lie in `<folder>.checkpoints` (or `resume`) until the bundle is complete.
    """
    try:
        from fluoropose.train.card import model_card  # torch is an extra: imported only here
        from fluoropose.train.profiles import profile as profile_of
        from fluoropose.train.run import train_case
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the training extra, got no module {error.name}: pip install 'fluoropose[train]'"
        ) from error
    chosen = profile_of(profile_name)
    checkpoints = resume or folder.with_name(folder.name + ".checkpoints")
    with progress_bar("rendering bank") as bank:
        bars = _Bars(bank)
        trained = train_case(
            case,
            chosen,
            checkpoints,
            seed=seed,
            threads=cores,
            initial=load_weights(shipped_models_root() / "generic"),
            bank_progress=bank,
            watch=bars.watch,
        )
    bundle = Bundle(folder.name, case.digest, trained.models, trained.golden)
    resident = ResidentCase(case, bundle, open_device("cpu", 1))
    facts = measure(resident, seed, cores)
    card = model_card(folder.name, case, chosen, seed, trained.reports, facts)
    recorded = {"profile": chosen.name, "seed": seed, "onnxruntime": version(), "measured": facts}
    store_bundle(folder, Bundle(folder.name, case.digest, trained.models, trained.golden, recorded), card)
    if resume is None:
        _remove(checkpoints)
    console.print(f"model written to {folder}")
    return facts


class _Bars:
    """One bar that first shows the bank, then each stage."""

    def __init__(self, report: Any) -> None:
        self.report = report

    def watch(self, stage: str, done: int, total: int, loss: float) -> None:
        self.report(done, total, f"{stage}, loss {loss:.3f} % of size")


def _remove(folder: Path) -> None:
    for path in folder.glob("*.pt"):
        path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
