"""The study of the knee: reference, single views, two views, two components, a tracked run; JSON, plots, pictures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.plots.tracks import track_plotter
from fluoropose.evaluation.studies.knee.answers import (
    Answer,
    answer_of,
    frame_views,
    register_one,
    register_together,
    start_near,
    track_run,
)
from fluoropose.evaluation.studies.knee.figures import facts_by_group
from fluoropose.evaluation.studies.knee.pictures import cut_out, save_picture
from fluoropose.evaluation.studies.knee.recording import BIPLANE, CAMERAS, MATERIALS_OF, RUN, Recording
from fluoropose.evaluation.studies.knee.reference import FrameReference, find_reference, reference_facts
from fluoropose.evaluation.studies.knee.rim import RimFinder
from fluoropose.geometry.pose6 import six_from_pose
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import find_bundle_folder, load_bundle, shipped_models_root
from fluoropose.io.files import write_json
from fluoropose.io.preparation import CaseRequest, prepare_ct
from fluoropose.registration.resident_case import ResidentCase

__all__ = ["KneePlan", "measure_knee"]

_RANGE_MM = 1300.0
_SIDE_PX = 320
_EVERY = 10


@dataclass(frozen=True, slots=True)
class KneePlan:
    """How much is measured: pairs and frames of the run, starts per frame, repeats of the reference, the seed."""

    frames: int
    starts: int
    repeats: int
    seed: int


def measure_knee(data: Path, out: Path, plan: KneePlan, environment: Environment) -> dict[str, Any]:
    """Measure on the pairs and on the run, keep everything in `out`, and return the figures."""
    draw = track_plotter()
    biplane, run = Recording(data, BIPLANE), Recording(data, RUN)
    numbers = _spread(biplane.numbers, plan.frames)
    out.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {"plan": {"frames": numbers, "starts": plan.starts, "seed": plan.seed}, "reference": {}}
    references: dict[str, list[FrameReference]] = {}
    for component in MATERIALS_OF:
        found = find_reference(biplane, component, numbers, plan.repeats, plan.seed, environment)
        references[component] = found
        figures["reference"][component] = reference_facts(found, RimFinder(biplane.mesh(component)))
        environment.say(f"reference of the {component} component: {json.dumps(figures['reference'][component])}")
    residents = {name: _resident(biplane, out, name, references[name], environment) for name in MATERIALS_OF}
    answers = _answers(biplane, numbers, references, residents, plan, environment)
    figures["answers"] = facts_by_group(answers)
    write_json(out / "answers.json", [answer.record() for answer in answers])
    tracked = _track(run, residents, plan, environment, out, draw)
    figures["run"] = facts_by_group(tracked)
    write_json(out / "run.json", [answer.record() for answer in tracked])
    write_json(out / "figures.json", figures)
    return figures


def _spread(numbers: list[int], count: int) -> list[int]:
    """Return so many numbers, evenly from all."""
    places = np.round(np.linspace(0, len(numbers) - 1, min(count, len(numbers)))).astype(int)
    return [numbers[place] for place in dict.fromkeys(places.tolist())]


def _resident(
    recording: Recording, out: Path, component: str, found: Sequence[FrameReference], environment: Environment
) -> ResidentCase:
    """Prepare a component's case about the middle frame as the first camera sees it, and open the general networks."""
    middle = recording.cameras()[0].camera_from_world @ found[len(found) // 2].fit.pose
    choice = ViewChoice(middle[:3, :3], _RANGE_MM, AtlasGrid(12.0, 2.0))
    request = CaseRequest(recording.mesh_path(component), choice, material=MATERIALS_OF[component])
    with environment.progress(f"case of the {component} component") as report:
        case = prepare_ct(request, out / "cases" / component, replace=True, progress=report)
    bundle = load_bundle(find_bundle_folder(shipped_models_root(), case))
    return load_resident_case(case, bundle, open_device("cpu", environment.threads))


def _answers(
    recording: Recording, numbers: list[int], references: dict[str, list[FrameReference]],
    residents: dict[str, ResidentCase], plan: KneePlan, environment: Environment,
) -> list[Answer]:  # fmt: skip
    """Register every pair from every start: each camera alone, both, and both components in each camera."""
    cameras, answers = recording.cameras(), list[Answer]()
    with environment.progress("registering pairs") as report:
        for place, number in enumerate(numbers):
            views = frame_views(recording.frames(number), cameras)
            truths = {name: references[name][place].fit.pose for name in residents}
            for start in range(plan.starts):
                seeds = (plan.seed, number, start)
                begun = {
                    name: start_near(residents[name].case.pose_frame, cameras[0], truths[name], seeds)
                    for name in residents
                }
                for n, name in enumerate(CAMERAS):
                    one = start_near(residents["femoral"].case.pose_frame, cameras[n], truths["femoral"], seeds)
                    found = register_one(residents["femoral"], [views[n]], one)
                    answers.append(_answer(name, "femoral", number, start, found, truths, cameras[n], residents))
                    both = register_together(residents, [views[n]], begun)
                    answers += [
                        _answer(f"{name}, two components", c, number, start, both[c], truths, cameras[n], residents)
                        for c in both
                    ]
                pair = register_one(residents["femoral"], views, begun["femoral"])
                answers.append(_answer("two views", "femoral", number, start, pair, truths, cameras[0], residents))
                both = register_together(residents, views, begun)
                answers += [
                    _answer("two views, two components", c, number, start, both[c], truths, cameras[0], residents)
                    for c in both
                ]
            report(place + 1, len(numbers))
    return answers


def _answer(
    kind: str, component: str, number: int, start: int, found: Any, truths: dict[str, Mat44], placed: Any,
    residents: dict[str, ResidentCase],
) -> Answer:  # fmt: skip
    corners_mm = residents[component].case.corners_mm
    return answer_of(kind, component, number, start, found, truths[component], placed, corners_mm)


def _track(
    run: Recording, residents: dict[str, ResidentCase], plan: KneePlan, environment: Environment, out: Path, draw: Any
) -> list[Answer]:
    """Follow both components through the run, each camera alone, from one start; draw them beside the reference."""
    numbers = run.numbers[: max(2 * plan.frames, 2)]
    references = {name: find_reference(run, name, numbers, 0, plan.seed, environment) for name in residents}
    answers, pictures = list[Answer](), []
    for n, placed in enumerate(run.cameras()):
        begun = {
            name: start_near(residents[name].case.pose_frame, placed, references[name][0].fit.pose, (plan.seed, n))
            for name in residents
        }
        found = track_run(residents, placed, lambda number, n=n: run.frames(number)[n], numbers, begun)  # type: ignore[misc]
        for name, registrations in found.items():
            poses = [one.fit.pose for one in references[name]]
            answers += [
                _answer(f"run, {CAMERAS[n]}", name, number, 0, one, {name: pose}, placed, residents)
                for number, one, pose in zip(numbers, registrations, poses, strict=True)
            ]
            frame = residents[name].case.pose_frame
            six = [
                np.array([six_from_pose(placed.camera_from_world @ pose, frame) for pose in some])
                for some in (poses, [one.world_from_volume for one in registrations])
            ]
            title = f"{name} component, {CAMERAS[n]}: tracked by this camera alone"
            draw(out / f"run_{name}_{CAMERAS[n]}.png", title, numbers, six[0], {"tracked": six[1]})
        row = [
            cut_out(
                f"{CAMERAS[n]}, frame {number}", run.frames(number)[n], placed, run.mesh("femoral"),
                (references["femoral"][place].fit.pose, found["femoral"][place].world_from_volume), _SIDE_PX,
            )
            for place, number in enumerate(numbers)
            if place % _EVERY == 0
        ]  # fmt: skip
        pictures.append(np.concatenate(row, axis=1))
    save_picture(out / "run.webp", np.concatenate(pictures))
    return answers
