"""Frames in which several shipped objects overlap, and registering them together or each on its own."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_in_frame, register_views
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.objects.catalogue import shipped_object
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.simulate.placed_frames import simulate_placed_run
from fluoropose.simulate.scenarios import overlapping_scene, shipped_body

__all__ = [
    "NEAR_SHARE",
    "OverlapFrame",
    "SpentTime",
    "perturb_starts",
    "register_each_alone",
    "register_together",
    "simulate_overlap",
]

NEAR_SHARE = 0.15
"""Of the paper's start errors: what a frame's prediction is off by in tracking."""


@dataclass(frozen=True, slots=True, eq=False)
class OverlapFrame:
    """A simulated frame (rows, columns), its camera and where each object really is."""

    pixels: NDArray[Any]
    camera: Camera
    truths: tuple[Mat44, ...]

    @property
    def view(self) -> FrameView:
        """The frame as registration takes it."""
        return FrameView(self.pixels, PlacedCamera(self.camera))


@dataclass(frozen=True, slots=True)
class SpentTime:
    """Time of the clock per registration, and this process's CPU time of all of them, ms."""

    wall_ms: tuple[float, ...]
    cpu_ms: float


def simulate_overlap(
    residents: list[ResidentCase], frames: int, seed: int, side_px: int, environment: Environment
) -> list[OverlapFrame]:
    """Return frames in which the objects of the cases overlap; each frame has its own scene."""
    cases = [resident.case for resident in residents]
    items = [shipped_object(case.name) for case in cases]
    body_of = {item.name: shipped_body(item) for item in items}
    bodies = [body_of[item.name] for item in items]
    pose_frames, sizes = [case.pose_frame for case in cases], [case.size_mm for case in cases]
    made = []
    with environment.progress(f"simulating {'+'.join(case.name for case in cases)}") as report:
        for number in range(frames):
            rng = np.random.default_rng([seed, number, len(items), 500])
            world, at = overlapping_scene(items, bodies, pose_frames, sizes, rng, side_px)
            (pixels,) = simulate_placed_run(world, [at], seed + number, workers=environment.cores)
            truths = tuple(at.camera_from_volume(index) for index in range(len(items)))
            made.append(OverlapFrame(pixels, world.camera, truths))
            report(number + 1, frames)
    return made


def perturb_starts(residents: list[ResidentCase], frame: OverlapFrame, seeds: list[int], kind: str) -> list[Plan]:
    """Return a plan per object: from a "rough" start with the paper's errors, or from one as "near" as in tracking."""
    rng = np.random.default_rng(seeds)
    sigmas = PAPER_SIGMAS * (1.0 if kind == "rough" else NEAR_SHARE)
    return [
        Plan(perturb(truth, resident.case.pose_frame, rng, sigmas), nearby=kind == "near")
        for resident, truth in zip(residents, frame.truths, strict=True)
    ]


def register_together(
    residents: list[ResidentCase], frame: OverlapFrame, plans: list[Plan]
) -> tuple[tuple[Registration, ...], SpentTime]:
    """Register all objects of a frame together."""
    began, cpu = time.perf_counter(), time.process_time()
    found = register_in_frame(residents, frame.view, plans)
    return found, SpentTime((1e3 * (time.perf_counter() - began),), 1e3 * (time.process_time() - cpu))


def register_each_alone(
    residents: list[ResidentCase], frame: OverlapFrame, plans: list[Plan]
) -> tuple[tuple[Registration, ...], SpentTime]:
    """Register each object in the frame as it is, with the others in it."""
    cpu = time.process_time()
    found = tuple(register_views(resident, [frame.view], plan) for resident, plan in zip(residents, plans, strict=True))
    spent_ms = 1e3 * (time.process_time() - cpu)
    return found, SpentTime(tuple(answer.timing_ms["total"] for answer in found), spent_ms)
