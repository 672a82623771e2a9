"""`evaluate two-views`: two simulated views against one, over angles, errors of calibration and faults of a view."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.drr.case import Case
from fluoropose.errors import InputError
from fluoropose.evaluation.csv_files import write_rows
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_views
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.two_views import FAULTS, PairRecord, PairSetting, pair_facts, pair_row
from fluoropose.evaluation.provenance import provenance
from fluoropose.evaluation.start_errors import perturb
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import canonical_pose
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_json
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.simulate.motion import DEFAULT_REACH, random_motion
from fluoropose.simulate.pairs import SimulatedPair, miscalibrate, rig_places, simulate_pairs
from fluoropose.simulate.scenes import case_scene

__all__ = ["PairPlan", "Rig", "evaluate_pairs", "simulate_rig"]

_REACH = 0.4 * DEFAULT_REACH
"""How far the object moves between the instants: less than in a single view's run, for the rig is centred on it."""

_SLANT_DEG = 45.0


@dataclass(frozen=True, slots=True)
class PairPlan:
    """What to run: `starts` trials per setting, going round `frames` instants.

    Every angle is run with every error of calibration; the faults with none.
    """

    angles: tuple[float, ...]
    calibrations: tuple[float, ...]
    faults: tuple[str, ...]
    starts: int
    frames: int
    seed: int

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.angles or not all(0.0 < angle < 180.0 for angle in self.angles):
            raise InputError(f"expected angles between 0 and 180 degrees, got {list(self.angles)}")
        if not self.calibrations or not all(0.0 <= error <= 10.0 for error in self.calibrations):
            raise InputError(f"expected errors of calibration from 0 to 10, got {list(self.calibrations)}")
        if not set(self.faults) <= set(FAULTS):
            raise InputError(f"expected faults of {', '.join(FAULTS)}, got {', '.join(self.faults)}")

    def settings(self, angle_deg: float) -> list[PairSetting]:
        """Return the settings of one angle."""
        usual = [PairSetting(angle_deg, error) for error in self.calibrations]
        return usual + [PairSetting(angle_deg, 0.0, fault) for fault in self.faults if fault != "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """The simulated instants of one angle, the camera of both views and where they stand."""

    pairs: list[SimulatedPair]
    camera: Camera
    places: tuple[Mat44, Mat44]


def evaluate_pairs(
    case_folder: Path, model: Path, plan: PairPlan, out: Path, environment: Environment
) -> dict[str, Any]:
    """Run a plan, write trials and figures to `out` and return the figures."""
    case = load_case(case_folder)
    resident = load_resident_case(case, load_bundle(model), open_device(environment.device, environment.threads))
    records: list[PairRecord] = []
    rows = []
    for angle in plan.angles:
        rig = simulate_rig(case, angle, plan, environment)
        for setting in plan.settings(angle):
            title = f"{case.name}: {angle:g} degrees, error {setting.calibration:g}, {setting.fault}"
            found = []
            with environment.progress(title) as report:
                for record in _run_trials(resident, rig, setting, plan):
                    found.append(record)
                    report(len(found), plan.starts)
            records += found
            rows.append(pair_facts(found))
    figures = {
        "run": {
            **provenance(), "case": case.name, "digest": case.digest, "size_mm": case.size_mm, "seed": plan.seed,
            "frames": plan.frames, "starts": plan.starts, "slant_deg": _slant(case),
            "reach_deg": list(case.atlas.grid.reach_deg),
        },
        "settings": rows,
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "views.json", figures)
    write_rows(out / "views.csv", [pair_row(record) for record in records])
    return figures


def _slant(case: Case) -> float:
    """Return the slant of the rig's axis that keeps both views inside the atlas longest: its long side or diagonal."""
    alpha, beta = case.atlas.grid.reach_deg
    return 0.0 if beta > alpha else _SLANT_DEG


def simulate_rig(case: Case, angle_deg: float, plan: PairPlan, environment: Environment = Environment()) -> Rig:
    """Return a plan's simulated instants of one angle."""
    scene, _, anatomy_motion = case_scene(case, plan.seed, limb=True)
    rng = np.random.default_rng([plan.seed, 200])
    mean = np.array([0.0, 0.0, case.atlas.view.range_mm, 0.0, 0.0, 0.0])
    places = rig_places(angle_deg, case.atlas.view.range_mm, _slant(case))
    motion = random_motion(mean, rng, _REACH)
    with environment.progress(f"simulating pairs, {angle_deg:g} degrees") as report:
        pairs = simulate_pairs(
            scene, motion, anatomy_motion, places, plan.frames, plan.seed,
            workers=environment.cores, progress=report,
        )  # fmt: skip
    return Rig(pairs, scene.camera, places)


def _run_trials(resident: ResidentCase, rig: Rig, setting: PairSetting, plan: PairPlan) -> Iterator[PairRecord]:
    case = resident.case
    reference = 1 if setting.fault == "empty-first" else 0
    for index in range(plan.starts):
        frame = index % len(rig.pairs)
        truth = rig.pairs[frame].world_from_volume
        views = _given_views(rig, setting, frame, np.random.default_rng([plan.seed, index, 300]), case)
        local_start = perturb(rig.places[0] @ truth, case.pose_frame, np.random.default_rng([plan.seed, index]))
        begin = inverse(rig.places[0]) @ local_start
        start = Plan(begin, nearby=False)
        together = register_views(resident, views, start)
        alone = register_views(resident, [views[reference]], start)
        there = rig.places[reference] @ truth

        def error(pose: Mat44, there: Mat44 = there) -> Any:
            return pose_error(pose, there, case.corners_mm)

        yield PairRecord(
            setting, index, frame, error(rig.places[reference] @ begin),
            error(together.views[reference].camera_from_volume), error(alone.camera_from_volume),
            together.assessment.status.value, together.assessment.confidence,
            tuple(view.used for view in together.views), _reason(together),
            together.timing_ms["total"], alone.timing_ms["total"], _beyond_deg(case, rig, truth),
        )  # fmt: skip


def _beyond_deg(case: Case, rig: Rig, world_from_volume: Mat44) -> float:
    """Return how far the farther of the two views of an instant lies beyond the case's atlas, degrees."""
    poses = [canonical_pose(place @ world_from_volume, case.atlas.view) for place in rig.places]
    return max(case.atlas.grid.excess_deg(pose.alpha_rad, pose.beta_rad) for pose in poses)


def _given_views(rig: Rig, setting: PairSetting, frame: int, rng: np.random.Generator, case: Case) -> list[FrameView]:
    """Return what is given to the solver: frames with the setting's fault, the second place with its error."""
    pair = rig.pairs[frame]
    pixels = list(pair.pixels)
    if setting.fault.startswith("empty"):
        number = 0 if setting.fault == "empty-first" else 1
        pixels[number] = pair.empty[number]
    elif setting.fault == "wrong-second":
        pixels[1] = rig.pairs[(frame + len(rig.pairs) // 2) % len(rig.pairs)].pixels[1]
    places = list(rig.places)
    if setting.calibration > 0:
        places[1] = miscalibrate(places[1], setting.calibration, case.atlas.view.range_mm, rng)
    views = [
        FrameView(image, PlacedCamera(rig.camera, place), name)
        for image, place, name in zip(pixels, places, ("first", "second"), strict=True)
    ]
    return views[:1] if setting.fault == "missing-second" else views


def _reason(found: Registration) -> str:
    return "; ".join(f"{view.name}: {view.why}" for view in found.views if view.why)
