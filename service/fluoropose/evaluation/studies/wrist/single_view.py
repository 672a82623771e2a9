"""Step `measure`: every frame from perturbed starts by each method, against the reference.

Starts are drawn about where the search ended; errors are counted from the reference. Trials and ceilings are kept, so
that a measurement cut short goes on where it was; the figures are those of all trials there are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.methods.table import METHODS, find_method
from fluoropose.evaluation.studies.wrist.ceilings import measure_ceilings
from fluoropose.evaluation.studies.wrist.figures import SEED, SHOWN, frame_figures, rescore, same_starts_figures
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.studies.wrist.inputs import method_inputs
from fluoropose.evaluation.studies.wrist.pictures import draw_single
from fluoropose.evaluation.studies.wrist.recording import CAMERAS, FRAMES
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.evaluation.trials import Record, Registrar, StartPlan, TrialKey, TrialSetup, Truth, run_trial
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.files import write_json
from fluoropose.io.pictures import save_picture

__all__ = ["SingleViewPlan", "measure_single_views"]


@dataclass(frozen=True, slots=True)
class SingleViewPlan:
    """Which methods, from which multiples of the paper's start errors, how often; slow methods `slow_starts` times.

    With `ceilings` each frame is also searched carefully, which takes minutes.
    """

    methods: tuple[str, ...]
    spreads: tuple[float, ...]
    starts: int
    slow_starts: int
    ceilings: bool = True

    def keys_of(self, method: str) -> list[TrialKey]:
        """Return the trials of a method."""
        count = self.slow_starts if find_method(method).slow else self.starts
        return [TrialKey(method, spread, number) for spread in self.spreads for number in range(count)]


@dataclass(frozen=True, slots=True, eq=False)
class _FrameStudy:
    """One frame: its name, the reference, the pose about which starts are drawn, the camera, the methods' inputs."""

    name: str
    truth: Truth
    about: Truth
    camera: Camera
    inputs: MethodInputs

    def setup(self) -> TrialSetup:
        """Return what its trials share."""
        case = self.inputs.case
        return TrialSetup([self.about], self.camera, case.pose_frame, case.corners_mm, StartPlan(SEED))


def measure_single_views(out: Path, plan: SingleViewPlan, environment: Environment) -> None:
    """Run what is missing of a plan, write figures, and draw one start of ours per frame."""
    folder, figures = WristFolder(out), {}
    pictures: list[NDArray[np.uint8]] = []
    for camera_name in CAMERAS:
        inputs, registrars = method_inputs(folder, camera_name, environment), dict[str, Registrar]()
        for frame in FRAMES:
            name = f"{camera_name}_{frame}"
            study = _FrameStudy(
                name, folder.load_reference(name), folder.load_search_end(name),
                folder.load_camera(camera_name), inputs,
            )  # fmt: skip
            kept = _open_trials(folder, study)
            figures[name] = _report_ceilings(kept, study, environment) if plan.ceilings else {}
            _run_missing(kept, study, plan, registrars, environment)
            trials = _all_trials(kept, study)
            figures[name] |= _report_methods(study, trials, environment)
            if "ours" in trials:
                pictures.append(_draw(out, study, trials["ours"][0]))
            write_json(out / "figures.json", figures)
    if pictures:
        save_picture(out / "found.webp", np.concatenate(pictures))


def _open_trials(folder: WristFolder, study: _FrameStudy) -> RunFolder:
    reference = np.round(study.about.camera_from_volume, 9).tolist()
    identity = {"case": study.inputs.case.digest, "reference": reference, "seed": SEED}
    return RunFolder(folder.trials_folder(study.name), identity)


def _report_ceilings(kept: RunFolder, study: _FrameStudy, environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = dict(
        measure_ceilings(kept.folder / "ceilings.json", study.inputs, study.truth, study.camera)
    )
    for kind, facts in found.items():
        environment.say(f"{study.name} {kind}: {facts}")
    return found


def _run_missing(
    kept: RunFolder,
    study: _FrameStudy,
    plan: SingleViewPlan,
    registrars: dict[str, Registrar],
    environment: Environment,
) -> None:
    setup = study.setup()
    for name in plan.methods:
        method = find_method(name)
        present = {record.key for record in kept.begin(name, method.settings(study.inputs), None)}
        missing = [key for key in plan.keys_of(name) if key not in present]
        if missing and name not in registrars:
            registrars[name] = method.make(study.inputs)
        with environment.progress(f"{study.name}: {name}") as report:
            for count, key in enumerate(missing, 1):
                kept.append(run_trial(key, setup, registrars[name]))
                report(count, len(missing))


def _all_trials(kept: RunFolder, study: _FrameStudy) -> dict[str, list[Record]]:
    """Return the trials of every method that has some, with their errors against the reference."""
    found = {method: kept.records(method) for method in METHODS}
    return {
        method: [rescore(study.truth, record, study.inputs.case, study.about) for record in records]
        for method, records in found.items()
        if records
    }


def _report_methods(
    study: _FrameStudy, trials: dict[str, list[Record]], environment: Environment
) -> dict[str, dict[str, Any]]:
    figures = {}
    for method, records in trials.items():
        facts = frame_figures(records, study.inputs.case, study.truth) | same_starts_figures(method, trials)
        figures[method] = facts
        counts = {key: facts[key] for key in ("trials", "within_1_mm_by_spread", "capture_range_mm")}
        medians = {key: round(facts[key]["p50"], 2) for key in SHOWN}
        environment.say(f"{study.name} {method}: {counts}, medians {medians}")
    return figures


def _draw(out: Path, study: _FrameStudy, record: Record) -> NDArray[np.uint8]:
    case = study.inputs.case
    start = StartPlan(SEED).start(record.key, study.about.camera_from_volume, case.pose_frame)
    poses = (start, pose_from_six(record.found_six, case.pose_frame))
    path = out / f"{study.name}_found.webp"
    return draw_single(path, case, study.camera, study.truth, poses, record.trial.end.in_plane_mm)
