"""`evaluate objects`: several shipped objects that overlap in one frame, registered together and each on its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.csv_files import write_rows
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.metrics.overlapping_objects import OverlapRecord, OverlapTime, overlap_facts, overlap_row
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.overlap_frames import (
    NEAR_SHARE,
    OverlapFrame,
    perturb_starts,
    register_each_alone,
    register_together,
    simulate_overlap,
)
from fluoropose.evaluation.provenance import provenance
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import find_bundle_folder, load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_json
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.objects.catalogue import shipped_object
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import Registration
from fluoropose.serving.case_cache import CaseCache

__all__ = ["OverlapPlan", "evaluate_overlapping_objects"]

_COLOURS = ((60, 255, 90), (90, 170, 255), (255, 190, 40), (255, 90, 220))


@dataclass(frozen=True, slots=True)
class OverlapPlan:
    """What to run: sets of objects, `frames` frames of each, `starts` trials going round them, rough and near."""

    sets: tuple[tuple[str, ...], ...]
    frames: int
    starts: int
    seed: int
    side_px: int

    def __post_init__(self) -> None:
        """Check that each set is of known objects, two or more."""
        for names in self.sets:
            if not 2 <= len(names) <= len(_COLOURS):
                raise InputError(f"expected two to four objects such as plate+probe, got {'+'.join(names)}")
            for name in names:
                shipped_object(name)


def evaluate_overlapping_objects(
    cases: Path, models: Path, plan: OverlapPlan, out: Path, environment: Environment
) -> dict[str, Any]:
    """Run a plan, write every trial, figures and a picture per set to `out` and return the figures.

    A case without a bundle of its own in `models` takes the universal one.
    """
    case_cache = CaseCache(open_device(environment.device, environment.threads))
    for name in sorted({name for names in plan.sets for name in names}):
        case = load_case(cases / name)
        case_cache.add(case, load_bundle(find_bundle_folder(models, case)))
    out.mkdir(parents=True, exist_ok=True)
    records: list[OverlapRecord] = []
    rows = []
    for names in plan.sets:
        residents = [case_cache.case(name) for name in names]
        frames = simulate_overlap(residents, plan.frames, plan.seed, plan.side_px, environment)
        for kind in ("rough", "near"):
            some, times = _run_trials(residents, frames, plan, kind, environment)
            records += some
            rows.append(overlap_facts(some, times))
        _draw(residents, frames[0], plan, out / f"{'-'.join(names)}.webp")
    figures = {
        "run": {**provenance(), "seed": plan.seed, "side_px": plan.side_px, "near_share": NEAR_SHARE},
        "sets": rows,
    }
    write_json(out / "objects.json", figures)
    write_rows(out / "objects.csv", [overlap_row(record) for record in records])
    return figures


def _run_trials(
    residents: list[ResidentCase], frames: list[OverlapFrame], plan: OverlapPlan, kind: str, environment: Environment
) -> tuple[list[OverlapRecord], list[OverlapTime]]:
    """Run both methods in turns on the same trials; which comes first changes from trial to trial."""
    objects = "+".join(resident.case.name for resident in residents)
    records: list[OverlapRecord] = []
    times = []
    with environment.progress(f"{objects}: {kind} starts") as report:
        for index in range(plan.starts):
            number = index % len(frames)
            frame = frames[number]
            plans = _starts(residents, frame, plan, kind, index)
            if index % 2:
                apart, alone = register_each_alone(residents, frame, plans)
                together, both = register_together(residents, frame, plans)
            else:
                together, both = register_together(residents, frame, plans)
                apart, alone = register_each_alone(residents, frame, plans)
            times.append(OverlapTime(objects, kind, both.wall_ms[0], alone.wall_ms, both.cpu_ms, alone.cpu_ms))
            for method, answers in (("together", together), ("as it is", apart)):
                trial = (objects, kind, method, index, number)
                records += [
                    _record(trial, resident, truth, found)
                    for resident, truth, found in zip(residents, frame.truths, answers, strict=True)
                ]
            report(index + 1, plan.starts)
    return records, times


def _record(
    trial: tuple[str, str, str, int, int], resident: ResidentCase, truth: Any, found: Registration
) -> OverlapRecord:
    case, assessment = resident.case, found.assessment
    error = pose_error(found.camera_from_volume, truth, case.corners_mm)
    return OverlapRecord(*trial, case.name, case.size_mm, error, assessment.status.value, assessment.confidence)


def _starts(residents: list[ResidentCase], frame: OverlapFrame, plan: OverlapPlan, kind: str, index: int) -> list[Plan]:
    return perturb_starts(residents, frame, [plan.seed, index, 600], kind)


def _draw(residents: list[ResidentCase], frame: OverlapFrame, plan: OverlapPlan, path: Path) -> None:
    """Write a frame as it is, with the starts' outlines, and with those of what was found together."""
    plans = _starts(residents, frame, plan, "rough", 0)
    found, _ = register_together(residents, frame, plans)
    starts = [each.start for each in plans if each.start is not None]
    panels = []
    for poses in (starts, [answer.camera_from_volume for answer in found]):
        marks = []
        for resident, pose, colour in zip(residents, poses, _COLOURS, strict=False):
            renderer = CpuRenderer(resident.case.volume, default_step_mm(resident.case.volume))
            marks.append((outline(renderer.render(frame.camera, pose)), colour))
        panels.append(marks)
    names = ", ".join(resident.case.name for resident in residents)
    sure = sum(answer.assessment.status.value == "TRACKING" for answer in found)
    titles = (names, "starts of the paper's distribution", f"found together: sure of {sure} of {len(found)}")
    save_picture(path, overlay_panels(frame.pixels, list(zip(titles, [[], *panels], strict=True))))
