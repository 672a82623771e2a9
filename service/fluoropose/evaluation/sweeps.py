"""`evaluate sweep`: what a window of frames makes of a C-arm that turns, or stands, before an object."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.evaluation.csv_files import write_rows
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_views
from fluoropose.evaluation.metrics.sweeps import SweepRecord, SweepSetting, depth_estimate_of, sweep_facts, sweep_row
from fluoropose.evaluation.provenance import provenance
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_json
from fluoropose.objects.catalogue import shipped_object
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView
from fluoropose.simulate.placed_frames import Body, PlacedFrame, simulate_placed_run
from fluoropose.simulate.scenarios import Drift, shipped_body, simulate_sweep
from fluoropose.tracking.smoother import Smoother, Smoothing

__all__ = ["START_DEPTH_MM", "SweepPlan", "evaluate_sweeps"]

START_DEPTH_MM = 15.0
"""How far along the ray the first frame's start is from the truth."""

_DRIFT = Drift(np.array([3.0, -2.0, 2.0]), np.deg2rad([1.5, 1.0, -2.0]))
"""A patient who does not lie still: 4 mm/s and 2.7 degrees/s."""

_WHOLE_S = 1e4
"""A window that forgets nothing of a run."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What to run: `runs` sweeps of `frames` frames over the widest of `spans`; narrower ones are their middle parts.

    A span of 0 is a camera at rest. With `drifts` each sweep is also made of an object that moves.
    """

    spans: tuple[float, ...]
    runs: int
    frames: int
    fps: float
    seed: int
    drifts: bool
    side_px: int

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.spans or not all(0.0 <= span <= 72.0 for span in self.spans):
            raise InputError(f"expected sweeps of 0 to 72 degrees, which the atlas covers, got {list(self.spans)}")
        if self.frames < 3:
            raise InputError(f"expected 3 frames or more, got {self.frames}")


@dataclass(frozen=True, slots=True)
class _RunKey:
    """Which run of a plan: its number, how far the C-arm turns, and whether the object moves."""

    number: int
    span_deg: float
    drifts: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """The simulated frames of one run, in order, with the camera that took them."""

    number: int
    drifts: bool
    camera: Camera
    frames: list[PlacedFrame]
    pixels: list[NDArray[Any]]
    angles_deg: list[float]


def evaluate_sweeps(
    case_folder: Path, model: Path, plan: SweepPlan, out: Path, environment: Environment
) -> dict[str, Any]:
    """Run a plan with a shipped object, write every frame and the figures to `out` and return the figures."""
    case = load_case(case_folder)
    item = shipped_object(case.name)
    resident = load_resident_case(case, load_bundle(model), open_device(environment.device, environment.threads))
    body = shipped_body(item)
    records: list[SweepRecord] = []
    for number in range(plan.runs):
        for span, drifts in _simulations(plan):
            run = _simulate(resident, body, plan, _RunKey(number, span, drifts), environment)
            for part in [part for part in plan.spans if (part > 0) == (span > 0)]:
                records += _follow(resident, _cut_to(run, part), part)
    by_setting: dict[SweepSetting, list[SweepRecord]] = {}
    for record in records:
        by_setting.setdefault(record.setting, []).append(record)
    figures = {
        "run": {
            **provenance(), "case": case.name, "digest": case.digest, "seed": plan.seed, "frames": plan.frames,
            "fps": plan.fps, "side_px": plan.side_px, "start_depth_mm": START_DEPTH_MM,
        },
        "settings": [sweep_facts(some, case.size_mm) for some in by_setting.values()],
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "sweeps.json", figures)
    write_rows(out / "sweeps.csv", [sweep_row(record) for record in records])
    return figures


def _simulations(plan: SweepPlan) -> Iterator[tuple[float, bool]]:
    """Give (span, drifts) of what must be simulated: the widest sweep, and a camera at rest."""
    widest = max(plan.spans)
    for drifts in (False, True) if plan.drifts else (False,):
        if widest > 0:
            yield widest, drifts
        if 0.0 in plan.spans:
            yield 0.0, drifts


def _simulate(resident: ResidentCase, body: Body, plan: SweepPlan, key: _RunKey, environment: Environment) -> _Run:
    """Return one run; every other one turns the C-arm about its second axis."""
    case, number, span, drifts = resident.case, key.number, key.span_deg, key.drifts
    angles = np.linspace(-0.5 * span, 0.5 * span, plan.frames)
    pairs = [(angle, 0.0) if number % 2 == 0 else (0.0, angle) for angle in angles]
    rng = np.random.default_rng([plan.seed, number, 400])
    world, frames = simulate_sweep(
        shipped_object(case.name), body, case.pose_frame, case.size_mm, pairs, plan.fps, rng,
        drift=_DRIFT if drifts else None, side_px=plan.side_px,
    )  # fmt: skip
    what = "at rest" if span == 0 else f"over {span:g} degrees"
    title = f"{case.name}: simulating run {number + 1} {what}{', moving' if drifts else ''}"
    with environment.progress(title) as report:
        pixels = simulate_placed_run(world, frames, plan.seed + number, workers=environment.cores, progress=report)
    return _Run(number, drifts, world.camera, frames, pixels, [float(angle) for angle in angles])


def _cut_to(run: _Run, span: float) -> _Run:
    """Return the part of a run within half of `span` either way of its middle."""
    kept = [n for n, angle in enumerate(run.angles_deg) if abs(angle) <= 0.5 * span + 1e-9]
    frames, pixels, angles = ([part[n] for n in kept] for part in (run.frames, run.pixels, run.angles_deg))
    return _Run(run.number, run.drifts, run.camera, frames, pixels, angles)  # type: ignore[arg-type]


def _follow(resident: ResidentCase, run: _Run, span: float) -> Iterator[SweepRecord]:
    """Track a run frame by frame from a start that is wrong in depth, and smooth it as still and as moving."""
    case = resident.case
    centre_mm = case.atlas.view.centre_mm
    motions: tuple[Literal["still", "moving"], ...] = ("still", "moving") if run.drifts else ("still",)
    smoothers = {motion: Smoother(centre_mm, Smoothing(_WHOLE_S, motion)) for motion in motions}
    plan = Plan(_off_in_depth(run.frames[0]), nearby=False)
    for index, (at, pixels) in enumerate(zip(run.frames, run.pixels, strict=True)):
        view = FrameView(pixels, PlacedCamera(run.camera, at.camera_from_world))
        found = register_views(resident, [view], plan)
        plan = Plan(found.world_from_volume, nearby=True)
        truth = at.world_from_volumes[0]
        covariance = np.linalg.inv(found.information)
        alone = depth_estimate_of(found.world_from_volume, covariance, truth, centre_mm, at.camera_from_world)
        for motion, smoother in smoothers.items():
            began = time.perf_counter_ns()
            smoothed = smoother.add(at.time_s, found.world_from_volume, found.information, at.camera_from_world)
            spent_us = (time.perf_counter_ns() - began) / 1e3
            windowed = depth_estimate_of(
                smoothed.world_from_volume, smoothed.covariance, truth, centre_mm, at.camera_from_world
            )
            setting = SweepSetting(span, run.drifts, motion)
            yield SweepRecord(
                setting, run.number, index, run.angles_deg[index], alone, windowed, smoothed.frames, smoothed.views,
                spent_us,
            )  # fmt: skip


def _off_in_depth(at: PlacedFrame) -> Mat44:
    start = at.camera_from_volume().copy()
    start[2, 3] += START_DEPTH_MM
    return inverse(at.camera_from_world) @ start
