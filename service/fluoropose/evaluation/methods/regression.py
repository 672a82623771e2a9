"""The method of this project, "ours" on the command line: regression by a schedule, then refinement."""

import hashlib
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.evaluation.frame_registration import register_frame, trial_result
from fluoropose.evaluation.methods.method import Method, MethodInputs, add_cpu_time
from fluoropose.evaluation.trials import Registrar, TrialResult
from fluoropose.geometry.camera import Camera
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.schedule import Schedule
from fluoropose.serving.case_cache import CaseCache

__all__ = ["regression_method"]


def regression_method(schedule: Schedule) -> Method:
    """Return our method with a schedule."""

    def settings(inputs: MethodInputs) -> dict[str, Any]:
        bundle = load_bundle(inputs.model)
        networks = [bundle.models[stage] for stage in sorted(bundle.models)]
        parts = [part for network in networks for part in (network.full, *network.weights.values())]
        digest = hashlib.sha256(b"".join(parts)).hexdigest()
        steps = [f"{stage} {group.name.lower()}" for stage, group in schedule]
        return {
            "model": bundle.name,
            "profile": bundle.facts.get("profile"),
            "networks_sha256": digest[:16],
            "schedule": [*steps, "edges"],
            "threads": inputs.threads,
        }

    def make(inputs: MethodInputs) -> Registrar:
        case_cache = CaseCache(open_device(inputs.device, inputs.threads))
        resident = case_cache.add(inputs.case, load_bundle(inputs.model))

        def register(pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
            plan = Plan(start, nearby=False)
            return trial_result(register_frame(resident, pixels, camera, plan, inputs.reading, schedule))

        return add_cpu_time(register)

    return Method(settings, make, slow=False)
