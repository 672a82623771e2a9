"""How well networks that never saw an object find it: simulated frames, starts as wrong as the paper's."""

import zlib
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_frame, trial_result
from fluoropose.evaluation.metrics.summary import machine_name, summary
from fluoropose.evaluation.trials import TrialResult, Truth, run_starts
from fluoropose.evaluation.universal.objects import MeasuredObject
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.registration.plan import Plan
from fluoropose.simulate.run import simulate_run

__all__ = ["UniversalPlan", "measure_object"]


@dataclass(frozen=True, slots=True)
class UniversalPlan:
    """How many simulated `frames` of an object there are, and how many `starts` go round them."""

    frames: int = 20
    starts: int = 200
    seed: int = 0


def measure_object(item: MeasuredObject, plan: UniversalPlan, environment: Environment) -> dict[str, Any]:
    """Return the figures of one object (`metrics.summary`), with its kind."""
    case = item.prepare()
    scene, motion, anatomy_motion = item.scene(case, plan.seed + 1)
    with environment.progress(f"{item.name}: frames") as report:
        made = simulate_run(
            scene, motion, anatomy_motion, plan.frames, 1.0, plan.seed + 1, workers=environment.cores, progress=report
        )
    truths = [Truth(frame.pixels, frame.camera_from_volume) for frame in made]
    bundle = load_bundle(universal_bundle_folder(shipped_models_root(), in_body=case.rest is not None))
    resident = load_resident_case(case, bundle, open_device("cpu", 1))

    def register(pixels: NDArray[Any], start: Mat44) -> TrialResult:
        return trial_result(register_frame(resident, pixels, scene.camera, Plan(start, nearby=False)))

    with environment.progress(f"{item.name}: starts") as report:
        seed = zlib.crc32(item.name.encode()) + plan.seed
        trials = run_starts(truths, case.pose_frame, case.corners_mm, plan.starts, register, seed, report)
    wrong = sum(one.status == "TRACKING" and one.end.mtre_proj_mm > 0.02 * case.size_mm for one in trials)
    return {**summary(item.name, case.size_mm, trials, machine_name()), "kind": item.kind, "sure_and_wrong": wrong}
