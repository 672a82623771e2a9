"""`evaluate-objects`: several shipped objects that overlap in one frame, with and without taking the others out."""

import csv
import io
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.cli.console import progress_bar
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.metrics.overlapping_objects import OverlapRecord, OverlapTime, overlap_facts, overlap_row
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.provenance import provenance
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_file, write_json
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.objects.catalogue import shipped_object
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.serving.case_cache import CaseCache
from fluoropose.simulate.placed_frames import simulate_placed_run
from fluoropose.simulate.scenarios import overlapping_scene, shipped_body

__all__ = ["OverlapPlan", "evaluate_overlapping_objects", "overlap_times"]

NEAR_SHARE = 0.15
"""Of the paper's start errors: what a frame's prediction is off by in tracking."""

_BENCH_FRAMES = 6
"""Simulated frames that a measurement of times goes round."""

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


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A simulated frame, its camera and where each object really is."""

    pixels: NDArray[Any]
    camera: Camera
    truths: tuple[Mat44, ...]

    @property
    def view(self) -> FrameView:
        return FrameView(self.pixels, PlacedCamera(self.camera))


def evaluate_overlapping_objects(
    cases: Path, models: Path, plan: OverlapPlan, out: Path, *, device: str, threads: int, cores: int
) -> dict[str, Any]:
    """Run a plan, write every trial, figures and a picture per set to `out` and return the figures."""
    case_cache = CaseCache(open_device(device, threads))
    for name in sorted({name for names in plan.sets for name in names}):
        case_cache.add(load_case(cases / name), load_bundle(models / name))
    out.mkdir(parents=True, exist_ok=True)
    records: list[OverlapRecord] = []
    rows = []
    for names in plan.sets:
        residents = [case_cache.case(name) for name in names]
        frames = _simulated(residents, plan, cores)
        for start in ("rough", "near"):
            some, times = _trials(residents, frames, plan, start)
            records += some
            rows.append(overlap_facts(some, times))
        _draw(residents, frames[0], plan, out / f"{'-'.join(names)}.png")
    figures = {
        "run": {**provenance(), "seed": plan.seed, "side_px": plan.side_px, "near_share": NEAR_SHARE},
        "sets": rows,
    }
    write_json(out / "objects.json", figures)
    write_file(out / "objects.csv", lambda part: part.write_text(_table(records), encoding="utf-8"))
    return figures


def overlap_times(
    residents: list[ResidentCase], runs: int, seed: int, side_px: int, cores: int
) -> list[dict[str, Any]]:
    """Return what the first two and the first four objects of a frame take together, beside one; rough and near starts.

    "One" is the mean of the same objects from the same kind of start: in the same frame, with the others in it as they
    are, and each in a frame of its own. Everything is run in turns; ratios are those of medians, by the clock and by
    this process's CPU time, which other load disturbs less.
    """
    plan = OverlapPlan((tuple(one.case.name for one in residents),), min(runs, _BENCH_FRAMES), runs, seed, side_px)
    frames = _simulated(residents, plan, cores)
    own = {one.case.name: _simulated([one], plan, cores) for one in residents}
    return [_times_of(residents[:count], frames, own, plan, start) for count in (2, 4) for start in ("rough", "near")]


def _times_of(
    residents: list[ResidentCase], frames: list[_Frame], own: dict[str, list[_Frame]], plan: OverlapPlan, start: str
) -> dict[str, Any]:
    spent: dict[str, list[tuple[float, float]]] = {"together": [], "one_in_frame": [], "one_in_own_frame": []}
    for index in range(plan.starts):
        number = index % len(frames)
        frame = replace(frames[number], truths=frames[number].truths[: len(residents)])
        plans = _starts(residents, frame, plan, start, index)
        spent["together"].append(_together(residents, frame, plans)[1])
        alone, cpu = _alone(residents, frame, plans)[1]
        spent["one_in_frame"].append((float(np.mean(alone)), cpu / len(residents)))
        parts = []
        for one in residents:
            its = own[one.case.name][number]
            (took,), cpu = _alone([one], its, _starts([one], its, plan, start, index))[1]
            parts.append((took, cpu))
        wall, cpu = np.mean(parts, axis=0)
        spent["one_in_own_frame"].append((float(wall), float(cpu)))
    times = {name: np.array(values) for name, values in spent.items()}
    medians = {name: np.median(values, axis=0) for name, values in times.items()}
    row: dict[str, Any] = {"objects": len(residents), "start": start}
    for name, values in times.items():
        row[f"{name}_ms"] = {f"p{share}": float(np.percentile(values[:, 0], share)) for share in (50, 99)}
    for name in ("one_in_frame", "one_in_own_frame"):
        row[f"over_{name}"], row[f"cpu_over_{name}"] = (float(r) for r in medians["together"] / medians[name])
    return row


def _simulated(residents: list[ResidentCase], plan: OverlapPlan, cores: int) -> list[_Frame]:
    cases = [resident.case for resident in residents]
    items = [shipped_object(case.name) for case in cases]
    made_of = {item.name: shipped_body(item) for item in items}
    bodies = [made_of[item.name] for item in items]
    made = []
    with progress_bar(f"simulating {'+'.join(case.name for case in cases)}") as report:
        for number in range(plan.frames):
            rng = np.random.default_rng([plan.seed, number, len(items), 500])
            frames, sizes = [case.pose_frame for case in cases], [case.size_mm for case in cases]
            world, at = overlapping_scene(items, bodies, frames, sizes, rng, plan.side_px)
            (pixels,) = simulate_placed_run(world, [at], plan.seed + number, workers=cores)
            truths = tuple(at.camera_from_volume(index) for index in range(len(items)))
            made.append(_Frame(pixels, world.camera, truths))
            report(number + 1, plan.frames)
    return made


def _starts(residents: list[ResidentCase], frame: _Frame, plan: OverlapPlan, start: str, index: int) -> list[Plan]:
    rng = np.random.default_rng([plan.seed, index, 600])
    sigmas = PAPER_SIGMAS * (1.0 if start == "rough" else NEAR_SHARE)
    return [
        Plan(perturb(truth, resident.case.pose_frame, rng, sigmas), nearby=start == "near")
        for resident, truth in zip(residents, frame.truths, strict=True)
    ]


def _trials(
    residents: list[ResidentCase], frames: list[_Frame], plan: OverlapPlan, start: str
) -> tuple[list[OverlapRecord], list[OverlapTime]]:
    """Run both methods in turns on the same trials; which comes first changes from trial to trial."""
    objects = "+".join(resident.case.name for resident in residents)
    records, times = [], []
    with progress_bar(f"{objects}: {start} starts") as report:
        for index in range(plan.starts):
            number = index % len(frames)
            frame = frames[number]
            plans = _starts(residents, frame, plan, start, index)
            if index % 2:
                apart, alone = _alone(residents, frame, plans)
                together, both = _together(residents, frame, plans)
            else:
                together, both = _together(residents, frame, plans)
                apart, alone = _alone(residents, frame, plans)
            times.append(OverlapTime(objects, start, both[0], alone[0], both[1], alone[1]))
            for method, answers in (("together", together), ("as it is", apart)):
                for resident, truth, found in zip(residents, frame.truths, answers, strict=True):
                    case = resident.case
                    error = pose_error(found.camera_from_volume, truth, case.corners_mm)
                    assessment = found.assessment
                    records.append(
                        OverlapRecord(
                            objects, start, method, index, number, case.name, case.size_mm, error,
                            assessment.status.value, assessment.confidence,
                        )
                    )  # fmt: skip
            report(index + 1, plan.starts)
    return records, times


def _together(
    residents: list[ResidentCase], frame: _Frame, plans: list[Plan]
) -> tuple[tuple[Registration, ...], tuple[float, float]]:
    began, cpu = time.perf_counter(), time.process_time()
    found = register_objects(residents, [frame.view], PixelMeaning.INTENSITY, False, plans)
    return found, (1e3 * (time.perf_counter() - began), 1e3 * (time.process_time() - cpu))


def _alone(
    residents: list[ResidentCase], frame: _Frame, plans: list[Plan]
) -> tuple[tuple[Registration, ...], tuple[tuple[float, ...], float]]:
    cpu = time.process_time()
    found = tuple(
        resident.register_views([frame.view], PixelMeaning.INTENSITY, False, plan)
        for resident, plan in zip(residents, plans, strict=True)
    )
    spent = 1e3 * (time.process_time() - cpu)
    return found, (tuple(answer.timing_ms["total"] for answer in found), spent)


def _draw(residents: list[ResidentCase], frame: _Frame, plan: OverlapPlan, path: Path) -> None:
    """Write a frame as it is, with the starts' outlines, and with those of what was found together."""
    plans = _starts(residents, frame, plan, "rough", 0)
    found = register_objects(residents, [frame.view], PixelMeaning.INTENSITY, False, plans)
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


def _table(records: list[OverlapRecord]) -> str:
    stream = io.StringIO()
    rows = [overlap_row(record) for record in records]
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
