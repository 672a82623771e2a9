"""`bench turn`: an object that turns fast, tracked at the rate of its frames: losses, late frames, memory.

Frames are pictures of the case's own volume with photon noise, made before the first is tracked. They come at their
rate, so that views are rendered ahead beside them as in a service. Angles in degrees, times in ms and s.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.drr.view_cache import CacheSettings, ViewCache
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import register_frame
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.progress import ProgressReport
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.canonical import CanonicalView, pose_from_canonical
from fluoropose.geometry.rotation import about_y
from fluoropose.registration.assessment import Status
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.tracking.tracker import Tracker

__all__ = ["TurnPlan", "measure_turn"]

_PHOTONS = 4000.0
_DETECTOR_MM, _SOURCE_TO_DETECTOR_MM = 240.0, 1200.0
_AHEAD_S = 60.0
"""So long the first views may take; nothing is timed before they are there."""


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """By how much an object turns about the picture's vertical axis, how fast, and its frames."""

    turn_deg: float = 120.0
    deg_per_s: float = 60.0
    fps: float = 30.0
    side_px: int = 256
    seed: int = 0

    @property
    def frames(self) -> int:
        """How many frames the turn takes, the first and the last among them."""
        return round(self.turn_deg / self.deg_per_s * self.fps) + 1


def measure_turn(resident: ResidentCase, plan: TurnPlan, environment: Environment) -> dict[str, Any]:
    """Return what tracking a turning object takes and finds: statuses, times of frames, errors, views, bytes.

    Raises
    ------
    InputError
        If the case has no cache of views, which is what is measured.
    """
    cache = resident.atlas
    if not isinstance(cache, ViewCache):
        raise InputError("expected a case with a cache of views, got one with an atlas")
    view, side = cache.view, plan.side_px
    pitch_mm = _DETECTOR_MM / side
    camera = camera_from_detector(
        side, side, row_spacing_mm=pitch_mm, column_spacing_mm=pitch_mm, source_to_detector_mm=_SOURCE_TO_DETECTOR_MM
    )
    truths = [_pose(view, -plan.turn_deg / 2 + n * plan.deg_per_s / plan.fps) for n in range(plan.frames)]
    with environment.progress("frames") as report:
        frames = _expose(resident, camera, truths, plan.seed, report)
    cache.look_ahead(truths[0])
    cache.wait_until_ahead(_AHEAD_S)
    before = cache.counts
    rows = _track(resident, camera, frames, truths, plan.fps)
    after = cache.counts
    spent = [row["ms"] for row in rows]
    statuses = [row["status"] for row in rows]
    return {
        "object": resident.case.name,
        "machine": machine_name(),
        "frames": len(rows),
        "fps": plan.fps,
        "statuses": {status.value: statuses.count(status.value) for status in Status},
        "frame_ms": {"p50": float(np.median(spent)), "p99": float(np.percentile(spent, 99)), "max": max(spent)},
        "late": sum(ms > 1e3 / plan.fps for ms in spent),
        "mtre_proj_mm": {"median": float(np.median([row["mm"] for row in rows])), "max": max(r["mm"] for r in rows)},
        "views": {
            "held": after.held,
            "ahead": after.ahead - before.ahead,
            "waited": after.waited - before.waited,
            "evicted": after.evicted - before.evicted,
        },
        "bytes": {"pictures": int(cache.pictures.nbytes), "budget": CacheSettings().budget_bytes},
    }


def _pose(view: CanonicalView, turn_deg: float) -> Mat44:
    """Return camera_from_volume of an object on the optical axis, turned from its expected view."""
    rotation = about_y(np.deg2rad(turn_deg)) @ view.base_rotation
    return pose_from_canonical(np.eye(3), rotation, np.array([2.0, -1.5, view.range_mm]), view)


def _expose(
    resident: ResidentCase, camera: Camera, truths: list[Mat44], seed: int, report: ProgressReport
) -> list[NDArray[np.uint16]]:
    rng, frames = np.random.default_rng(seed), []
    for n, truth in enumerate(truths):
        lines = resident.any_camera.render(camera, truth)
        frames.append((rng.poisson(_PHOTONS * np.exp(-lines)) + 1).astype(np.uint16))
        report(n + 1, len(truths))
    return frames


def _track(
    resident: ResidentCase, camera: Camera, frames: list[NDArray[np.uint16]], truths: list[Mat44], fps: float
) -> list[dict[str, Any]]:
    """Track frames that come at their rate; a frame's time begins when it comes, or when the one before has ended."""
    tracker = Tracker(truths[0], resident.case.atlas.view.centre_mm)
    rows, first_s = [], time.monotonic()
    for n, (pixels, truth) in enumerate(zip(frames, truths, strict=True)):
        time.sleep(max(first_s + n / fps - time.monotonic(), 0.0))
        plan, began = tracker.plan(n / fps), time.perf_counter()
        found = register_frame(resident, pixels, camera, plan)
        ms = 1e3 * (time.perf_counter() - began)
        tracker.receive(found.camera_from_volume, found.assessment.status, n / fps, plan)
        error = pose_error(found.camera_from_volume, truth, resident.case.corners_mm)
        rows.append({"ms": ms, "status": found.assessment.status.value, "mm": error.mtre_proj_mm})
    return rows
