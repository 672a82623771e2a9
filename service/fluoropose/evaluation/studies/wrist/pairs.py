"""Step `pairs`: both views of each instant together, and the first one alone, from the same starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_views
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.two_views import PairRecord, PairSetting, pair_facts
from fluoropose.evaluation.studies.wrist.figures import SEED, SHOWN
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.studies.wrist.inputs import DISPLAYED
from fluoropose.evaluation.studies.wrist.pictures import pair_panels
from fluoropose.evaluation.studies.wrist.recording import CAMERAS, FRAMES
from fluoropose.evaluation.trials import StartPlan, TrialKey
from fluoropose.geometry.rig import PlacedCamera, angle_between_views_deg
from fluoropose.geometry.rigid import inverse
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.files import write_json
from fluoropose.io.pictures import save_picture
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = ["measure_pairs"]

_WITHIN_MM = 2.0
"""In space: an end nearer to the reference is counted beside the usual success."""


@dataclass(frozen=True, slots=True, eq=False)
class _PairTrial:
    """One start's record; start, end and reference in the world, which is the first camera's frame."""

    record: PairRecord
    poses: tuple[Mat44, Mat44, Mat44]


def measure_pairs(out: Path, starts: int, environment: Environment) -> None:
    """Register each instant from `starts` starts, write figures, and draw both views of the first start."""
    folder, figures = WristFolder(out), {}
    device = open_device("cpu", environment.threads)
    residents = [
        load_resident_case(folder.load_case(name), load_bundle(folder.model_folder(name)), device) for name in CAMERAS
    ]
    for frame in FRAMES:
        views, truth = _views(folder, frame, residents)
        trials = []
        with environment.progress(f"{frame}: pairs") as report:
            for number in range(starts):
                trials.append(_run_trial(views, residents[0], truth, number))
                report(number + 1, starts)
        figures[frame] = _figures([trial.record for trial in trials])
        environment.say(_as_line(frame, figures[frame]))
        first = trials[0]
        rows = [
            pair_panels(resident.case, view, first.poses, first.record.together.mtre_mm)
            for view, resident in zip(views, residents, strict=True)
        ]
        save_picture(out / f"pair_{frame}.webp", np.concatenate(rows))
        write_json(out / "pairs.json", figures)


def _views(folder: WristFolder, frame: str, residents: list[ResidentCase]) -> tuple[list[FrameView], Mat44]:
    """Return both views of an instant and the reference, in the world that is the first camera's frame."""
    truths = [folder.load_reference(f"{name}_{frame}") for name in CAMERAS]
    world_from_first = inverse(truths[0].camera_from_volume)
    views = [
        FrameView(
            truth.pixels,
            PlacedCamera(folder.load_camera(name), truth.camera_from_volume @ world_from_first),
            name,
            resident=resident,
        )
        for name, truth, resident in zip(CAMERAS, truths, residents, strict=True)
    ]
    return views, truths[0].camera_from_volume


def _run_trial(views: list[FrameView], resident: ResidentCase, truth: Mat44, index: int) -> _PairTrial:
    case = resident.case
    start = StartPlan(SEED).start(TrialKey("pairs", 1.0, index), truth, case.pose_frame)
    both, one = (register_views(resident, given, Plan(start, nearby=False), DISPLAYED) for given in (views, views[:1]))
    began, together, alone = (
        pose_error(pose, truth, case.corners_mm) for pose in (start, both.world_from_volume, one.world_from_volume)
    )
    why = "; ".join(report.why for report in both.views if report.why)
    angle = angle_between_views_deg(views[0].placed, views[1].placed)
    record = PairRecord(
        PairSetting(angle, 0.0), index, 0, began, together, alone,
        both.assessment.status.value, both.assessment.confidence,
        tuple(report.used for report in both.views), why, both.timing_ms["total"], one.timing_ms["total"],
    )  # fmt: skip
    return _PairTrial(record, (start, both.world_from_volume, truth))


def _figures(records: list[PairRecord]) -> dict[str, Any]:
    within = float(np.mean([record.together.mtre_mm < _WITHIN_MM for record in records]))
    return pair_facts(records) | {"within_2_mm": within}


def _as_line(frame: str, facts: dict[str, Any]) -> str:
    both, one = facts["together"], facts["alone"]
    counts = {key: facts[key] for key in ("trials", "within_2_mm", "both_used", "depth_ratio")}
    medians = {key: (round(both[key]["p50"], 2), round(one[key]["p50"], 2)) for key in SHOWN}
    return f"{frame} {counts}, medians of both and of one {medians}, {facts['time_ms']}"
