"""How accurate the networks of a bundle are on simulated frames."""

from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_frame, trial_result
from fluoropose.evaluation.metrics.summary import machine_name, summary
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.trials import TrialResult, run_starts
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase

__all__ = ["measure_accuracy"]

_FRAMES, _STARTS = 20, 100


def measure_accuracy(
    resident: ResidentCase,
    seed: int,
    environment: Environment = Environment(),
    *,
    frames: int = _FRAMES,
    starts: int = _STARTS,
) -> dict[str, Any]:
    """Return the figures of a resident case on simulated frames, from start errors as the paper draws them.

    No more frames are simulated than there are starts.
    """
    case = resident.case
    # One frame per second: the frames are spread over the whole motion.
    scene, truths = simulate_truths(case, min(frames, starts), 1.0, seed + 1, environment)

    def register(pixels: NDArray[Any], start: Mat44) -> TrialResult:
        return trial_result(register_frame(resident, pixels, scene.camera, Plan(start, nearby=False)))

    with environment.progress("measuring") as report:
        trials = run_starts(truths, case.pose_frame, case.corners_mm, starts, register, seed, report)
    return summary(case.name, case.size_mm, trials, machine_name())
