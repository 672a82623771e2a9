"""How much one view can tell: careful searches of a single view from the reference and from where ours ended."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fluoropose.arrays import Mat44
from fluoropose.evaluation.baselines.intensity import Search, Stage, search, similarity_of
from fluoropose.evaluation.baselines.powell import GC, powell
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.methods.baselines import load_evolution
from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.studies.wrist.figures import SHOWN
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.studies.wrist.inputs import method_inputs
from fluoropose.evaluation.studies.wrist.recording import CAMERAS, FRAMES
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.evaluation.trials import Truth
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.files import read_json, write_json

__all__ = ["measure_ceilings", "search_carefully"]

_CEILINGS = {
    "fine": (Stage("gc", 1 / 128, 1500, 0.15, 1e-4), Stage("gc", 1 / 200, 1500, 0.1, 1e-4)),
    "larger pixels": (Stage("gc", 1 / 100, 1500, 0.15, 1e-4), Stage("gc", 1 / 150, 1500, 0.1, 1e-4)),
    "coarse to fine": (Stage("gc", 1 / 64, 1500, 0.2, 1e-4), Stage("gc", 1 / 128, 1500, 0.1, 1e-4)),
}
"""Single-view searches from the reference: on finer pictures than the biplane search's, on those, by way of coarser."""

_MARGIN = 0.05
"""Rim of their window: narrow, for the neighbouring bones are in it."""

_AS_GOOD = 0.0002
"""Ends of careful searches whose correlations differ by less than this are equally good."""


def measure_ceilings(kept: Path, inputs: MethodInputs, truth: Truth, camera: Camera) -> dict[str, dict[str, float]]:
    """Return every ceiling of a frame, measured once and kept in a file."""
    if not kept.exists():
        write_json(kept, {f"ceiling, {kind}": _measure_ceiling(inputs, truth, camera, kind) for kind in _CEILINGS})
    found: dict[str, dict[str, float]] = read_json(kept, "ceilings")
    return found


def search_carefully(out: Path, starts: int, environment: Environment) -> None:
    """Search each view carefully from the reference and from where ours ended; tell the spread of equally good ends."""
    folder, figures = WristFolder(out), {}
    for camera_name in CAMERAS:
        inputs, camera = method_inputs(folder, camera_name, environment), folder.load_camera(camera_name)
        for frame in FRAMES:
            name = f"{camera_name}_{frame}"
            truth = folder.load_reference(name)
            ended = _ends_of_ours(folder, name, inputs)
            begun = [truth.camera_from_volume, *ended[:: max(1, len(ended) // max(starts, 1))][:starts]]
            figures[name] = _spread(inputs, truth, *_search_ends(inputs, truth, camera, "fine", begun))
            environment.say(f"{name} {figures[name]}")
            write_json(out / "careful.json", figures)


def _ends_of_ours(folder: WristFolder, name: str, inputs: MethodInputs) -> list[Mat44]:
    place = folder.trials_folder(name)
    records = RunFolder(place, read_json(place / "run.json", "an evaluation")).records("ours")
    return [pose_from_six(r.found_six, inputs.case.pose_frame) for r in records if r.key.spread == 1.0]


def _spread(
    inputs: MethodInputs, truth: Truth, similarity: Callable[[Mat44], float], ends: list[Mat44]
) -> dict[str, Any]:
    """Return least and largest errors of the ends that are as good as the best."""
    values = [similarity(pose) for pose in ends]
    errors = [
        pose_error(pose, truth.camera_from_volume, inputs.case.corners_mm)
        for pose, value in zip(ends, values, strict=True)
        if value > max(values) - _AS_GOOD
    ]
    return {"searches": len(ends), "as_good": len(errors)} | {
        key: [round(f(getattr(error, key) for error in errors), 3) for f in (min, max)] for key in SHOWN
    }


def _measure_ceiling(inputs: MethodInputs, truth: Truth, camera: Camera, kind: str) -> dict[str, float]:
    """Return how far from the biplane reference the best single-view gradient correlation lies.

    Powell's method and CMA-ES start at the reference itself, with budgets far beyond those of the compared methods; the
    end of larger correlation on the finest pictures counts. No similarity of edges can tell more from one view.
    """
    reference = truth.camera_from_volume
    similarity, ends = _search_ends(inputs, truth, camera, kind, [reference])
    best = max(ends, key=similarity)
    error = pose_error(best, reference, inputs.case.corners_mm)
    return {
        **{key: round(value, 3) for key, value in asdict(error).items()},
        "correlation": round(similarity(best), 4),
        "correlation_at_reference": round(similarity(reference), 4),
    }


def _search_ends(
    inputs: MethodInputs, truth: Truth, camera: Camera, kind: str, starts: Sequence[Mat44]
) -> tuple[Callable[[Mat44], float], list[Mat44]]:
    """Return the similarity on the finest pictures, and where Powell's method and CMA-ES end from each start."""
    target, stages = Target(inputs.case), _CEILINGS[kind]
    settings = Search(stages, floor=GC.floor, margin=_MARGIN)
    exposure, optimisers = inputs.exposure(truth.pixels, camera), (powell, load_evolution().cma_es)
    ends = [search(target, exposure, start, settings, optimise) for start in starts for optimise in optimisers]
    level = target.level(exposure, stages[-1].pixel_share)
    return similarity_of(level, target, truth.camera_from_volume, settings, "gc"), ends
