"""Simulated frames of a case with their true poses, as trials take them."""

from fluoropose.drr.case import Case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trials import Truth
from fluoropose.simulate.run import Scene, simulate_run
from fluoropose.simulate.scenes import case_scene

__all__ = ["simulate_truths"]


def simulate_truths(
    case: Case, frames: int, fps: float, seed: int, environment: Environment = Environment()
) -> tuple[Scene, list[Truth]]:
    """Return the scene of a case and a run of `frames` frames in it at `fps` frames per second."""
    scene, motion, anatomy_motion = case_scene(case, seed)
    with environment.progress("simulating frames") as report:
        made = simulate_run(
            scene, motion, anatomy_motion, frames, fps, seed, workers=environment.cores, progress=report
        )  # fmt: skip
    return scene, [Truth(frame.pixels, frame.camera_from_volume) for frame in made]
