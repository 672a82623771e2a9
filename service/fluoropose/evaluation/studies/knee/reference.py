"""The biplane reference of both components, how far it repeats, and which way the raw edges lie beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.studies.knee.biplane_fit import BiplaneFit, fit_pose
from fluoropose.evaluation.studies.knee.recording import CAMERAS, Recording, pose_between
from fluoropose.evaluation.studies.knee.rim import RimFinder
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import apply_twist, transform

__all__ = ["FrameReference", "draw_twist", "find_reference", "measure_repeats", "reference_facts"]

_FAR_MM, _FAR_DEG = 2.5, 2.0
"""Starts for the repeats lie so far from the published pose, in any direction, and are turned by so much."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameReference:
    """One component at one instant: its frame's number, the fit, and what it began at (world_from_object)."""

    number: int
    fit: BiplaneFit
    start: Mat44
    repeats: tuple[tuple[float, float], ...]
    views_apart: tuple[tuple[float, float, float], ...]


def find_reference(
    recording: Recording, component: str, numbers: Sequence[int], repeats: int, seed: int, environment: Environment
) -> list[FrameReference]:
    """Refine the published poses of some frames on the edges of both raw views.

    A frame without a pose of its own begins at that of the frame before it, or of the nearest one. Without `repeats`
    no view is asked alone either.
    """
    finder, cameras, starts = RimFinder(recording.mesh(component)), recording.cameras(), recording.starts(component)
    found: list[FrameReference] = []
    with environment.progress(f"{recording.name}: reference of the {component} component") as report:
        for done, number in enumerate(numbers, 1):
            frames = recording.frames(number)
            start = starts.get(number)
            if start is None:
                start = found[-1].fit.pose if found else pose_between(starts, number)
            fit = fit_pose(finder, frames, cameras, start)
            rng = np.random.default_rng([seed, number])
            again = measure_repeats(finder, frames, cameras, fit, start, repeats, rng)
            alone = _each_alone(finder, frames, cameras, fit) if repeats else ()
            found.append(FrameReference(number, fit, start, again, alone))
            report(done, len(numbers))
    return found


def measure_repeats(
    finder: RimFinder,
    frames: Sequence[NDArray[Any]],
    cameras: Sequence[PlacedCamera],
    fit: BiplaneFit,
    start: Mat44,
    count: int,
    rng: np.random.Generator,
) -> tuple[tuple[float, float], ...]:
    """Return how far fits from starts that are 2.5 mm and 2 degrees off end from a fit, mm and degrees of each."""
    ends = [
        fit_pose(finder, frames, cameras, apply_twist(start, draw_twist(rng), finder.mesh.ends_mm.mean(axis=0))).pose
        for _ in range(count)
    ]
    return tuple(_apart(end, fit.pose, finder) for end in ends)


def draw_twist(rng: np.random.Generator) -> Float64:
    """Return a twist of fixed lengths in a random direction, (6,), mm and rad."""
    shift, turn = rng.normal(size=(2, 3))
    return np.r_[_FAR_MM * shift / np.linalg.norm(shift), np.deg2rad(_FAR_DEG) * turn / np.linalg.norm(turn)]


def reference_facts(found: Sequence[FrameReference], finder: RimFinder) -> dict[str, Any]:
    """Return medians and largest values over frames of how good a reference is."""
    repeats = np.array([one for frame in found for one in frame.repeats]).reshape(-1, 2)
    moved = np.array([_apart(frame.start, frame.fit.pose, finder) for frame in found])
    errors = [np.concatenate([frame.fit.views[n].errors_px for frame in found]) for n in range(len(CAMERAS))]
    alone = np.array([frame.views_apart for frame in found])
    return {
        "frames": len(found),
        "repeats": len(repeats),
        "repeats_mm": _middle_and_most(repeats[:, 0]),
        "repeats_deg": _middle_and_most(repeats[:, 1]),
        "from_start_mm": _middle_and_most(moved[:, 0]),
        "from_start_deg": _middle_and_most(moved[:, 1]),
        "edges_outside_px": dict(zip(CAMERAS, (float(np.median(e)) for e in errors), strict=True)),
        "edges_deviate_px": dict(zip(CAMERAS, (_deviation(e) for e in errors), strict=True)),
        "one_view_alone": {
            name: {
                "in_plane_mm": float(np.median(alone[:, n, 0])),
                "deeper_mm": float(np.median(alone[:, n, 1])),
                "depth_mm": float(np.median(np.abs(alone[:, n, 1]))),
                "rotation_deg": float(np.median(alone[:, n, 2])),
            }
            for n, name in enumerate(CAMERAS)
            if alone.size
        },
    }  # fmt: skip


def _each_alone(
    finder: RimFinder, frames: Sequence[NDArray[Any]], cameras: Sequence[PlacedCamera], fit: BiplaneFit
) -> tuple[tuple[float, float, float], ...]:
    """Return where the same fit ends with each view alone: mm in-plane, mm farther from the source, degrees."""
    apart = []
    for frame, placed in zip(frames, cameras, strict=True):
        alone = fit_pose(finder, [frame], [placed], fit.pose).pose
        ends = [placed.camera_from_world @ pose for pose in (alone, fit.pose)]
        error = pose_error(ends[0], ends[1], finder.mesh.ends_mm)
        middles = [transform(end, finder.mesh.ends_mm).mean(axis=0) for end in ends]
        deeper = float(np.linalg.norm(middles[0]) - np.linalg.norm(middles[1]))
        apart.append((error.in_plane_mm, deeper, error.rotation_deg))
    return tuple(apart)


def _apart(first: Mat44, second: Mat44, finder: RimFinder) -> tuple[float, float]:
    """Return the distance of an object's middle in two poses, mm, and the angle between them, degrees."""
    middle = finder.mesh.ends_mm.mean(axis=0)
    distance = float(np.linalg.norm(transform(first, middle) - transform(second, middle)))
    return distance, pose_error(first, second, finder.mesh.ends_mm).rotation_deg


def _middle_and_most(values: Float64) -> dict[str, float]:
    return {"p50": float(np.median(values)), "most": float(values.max())} if len(values) else {}


def _deviation(errors: Float64) -> float:
    """Return a deviation that outliers do not widen."""
    return float(1.4826 * np.median(np.abs(errors - np.median(errors))))
