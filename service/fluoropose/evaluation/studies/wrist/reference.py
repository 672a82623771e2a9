"""Step `search`: world_from_volume of each instant, from many starts in both views together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44, Vec3
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.studies.wrist.biplane_search import BiplaneSearch, BiplaneView, SearchEnd, read_view
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.studies.wrist.pictures import draw_reference
from fluoropose.evaluation.studies.wrist.recording import (
    CAMERAS,
    CLICKS_PX,
    FRAMES,
    clicked_point,
    read_frame,
    read_placed_camera,
    read_radius,
)
from fluoropose.geometry.rigid import exp, inverse, rigid
from fluoropose.imaging.volume import Volume, bounding_corners
from fluoropose.io.files import write_json
from fluoropose.io.nifti import write_nifti
from fluoropose.transports.http.schemas import camera_json

__all__ = ["FULL_BUDGET", "QUICK_BUDGET", "SearchBudget", "find_references"]

_TILT_DEG, _SHIFT_MM = 12.0, 8.0
"""Deviations of the random poses from upright and from the clicked point."""


@dataclass(frozen=True, slots=True)
class SearchBudget:
    """How much is searched: random poses looked at once, and per resolution the starts kept and evaluations of each.

    Resolutions go from coarse to fine; `repeats` bounds the searches in windows that stay, `converging` the
    evaluations of each.
    """

    guesses: int
    kept: tuple[int, int, int]
    evaluations: tuple[int, int, int]
    repeats: int
    converging: int


FULL_BUDGET = SearchBudget(6000, (40, 8, 3), (350, 500, 700), 6, 500)
QUICK_BUDGET = SearchBudget(8, (1, 1, 1), (12, 8, 4), 1, 20)
"""Only to see that the step runs: it ends far from the bone."""


@dataclass(frozen=True, slots=True, eq=False)
class _Renderers:
    """The bone rendered in steps of three lengths."""

    fast: CpuRenderer
    careful: CpuRenderer
    finest: CpuRenderer


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The best ends of the search, best first, and the same after they converged in windows that stay."""

    ends: list[SearchEnd]
    converged: list[SearchEnd]

    @property
    def reference(self) -> Mat44:
        """world_from_volume of the best end that converged."""
        return max(self.converged, key=lambda end: end.similarity).pose


def find_references(data: Path, out: Path, environment: Environment, budget: SearchBudget = FULL_BUDGET) -> None:
    """Find world_from_volume of each instant and store poses, cameras, pixels and pictures in the study's folder.

    The pose where the search ended is that about which the case is prepared and starts are drawn; poses are measured
    against the reference, the best end after it converged.
    """
    out.mkdir(parents=True, exist_ok=True)
    folder, volume = WristFolder(out), read_radius(data)
    write_nifti(folder.volume, volume)
    search, renderers = BiplaneSearch(bounding_corners(volume), budget.repeats, budget.converging), _renderers(volume)
    summary = {}
    for frame in FRAMES:
        found = _search(data, frame, search, renderers, budget)
        summary[frame] = _summarise(data, frame, search, renderers, found)
        environment.say(f"{frame} {summary[frame]}")
        for camera in CAMERAS:
            _store(data, folder, camera, frame, found)
            draw_reference(folder, camera, frame, renderers.careful)
    write_json(out / "reference.json", summary)


def _renderers(volume: Volume) -> _Renderers:
    return _Renderers(*(CpuRenderer(volume, step_mm) for step_mm in (1.2, 0.5, 0.4)))


def _views(data: Path, frame: str, factor: int) -> list[BiplaneView]:
    return [read_view(data, camera, frame, factor) for camera in CAMERAS]


def _search(data: Path, frame: str, search: BiplaneSearch, renderers: _Renderers, budget: SearchBudget) -> _Found:
    """Search from the best random poses, on finer and finer frames."""
    coarse, middle, fine = (_views(data, frame, factor) for factor in (12, 6, 3))
    rng, kept, counts = np.random.default_rng(int(frame)), budget.kept, budget.evaluations
    point = clicked_point(data, CLICKS_PX[frame])
    place = coarse[0].camera_from_world
    starts = [_draw_upright(rng, point, search.centre_mm, place) for _ in range(budget.guesses)]
    starts.sort(key=lambda pose: -search.similarity(coarse, renderers.fast, pose))
    first = _best_first([search.search(coarse, renderers.fast, start, counts[0]) for start in starts[: kept[0]]])
    second = _best_first([search.search(middle, renderers.fast, end.pose, counts[1]) for end in first[: kept[1]]])
    ends = _best_first([search.search(fine, renderers.careful, end.pose, counts[2]) for end in second[: kept[2]]])
    windows = search.fixed_windows(fine, ends[0].pose)
    return _Found(ends, [search.converge(fine, renderers.finest, end.pose, windows) for end in ends])


def _best_first(ends: list[SearchEnd]) -> list[SearchEnd]:
    return sorted(ends, key=lambda end: -end.similarity)


def _summarise(data: Path, frame: str, search: BiplaneSearch, renderers: _Renderers, found: _Found) -> dict[str, Any]:
    """Return how far the ends lie apart, and from an end on frames of half the resolution. mm."""
    half = _views(data, frame, 2)
    reference, best = found.reference, found.ends[0].pose
    finer = search.converge(half, renderers.finest, reference, search.fixed_windows(half, reference)).pose

    def distances_mm(poses: list[Mat44], to: Mat44) -> list[float]:
        return [pose_error(pose, to, search.corners_mm).mtre_mm for pose in poses]

    return {
        "correlation": found.ends[0].similarity,
        "others_mm": distances_mm([end.pose for end in found.ends[1:]], best),
        "settled_correlations": [end.similarity for end in found.converged],
        "settled_mm": distances_mm([end.pose for end in found.converged], reference),
        "settled_from_best_mm": distances_mm([best], reference),
        "half_resolution_mm": distances_mm([finer], reference),
        "world_from_volume": reference.tolist(),
    }


def _store(data: Path, folder: WristFolder, camera: str, frame: str, found: _Found) -> None:
    name, placed = f"{camera}_{frame}", read_placed_camera(data, camera)
    write_json(folder.camera_file(camera), camera_json(placed.camera))
    write_json(folder.pose_file(name), (placed.camera_from_world @ found.ends[0].pose).tolist())
    write_json(folder.reference_file(name), (placed.camera_from_world @ found.reference).tolist())
    np.save(folder.pixels_file(name), read_frame(data, camera, frame))


def _draw_upright(rng: np.random.Generator, point_mm: Vec3, centre_mm: Vec3, camera_from_world: Mat44) -> Mat44:
    """Return a random world_from_volume with the joint end about up in the first camera, near a world point."""
    angle = rng.uniform(0.0, 2 * np.pi)
    x, z = np.array([np.cos(angle), 0.0, np.sin(angle)]), np.array([0.0, 1.0, 0.0])
    upright = np.stack([x, np.cross(z, x), z], axis=1)
    tilt = exp(np.r_[np.deg2rad(rng.normal(0.0, _TILT_DEG, 3)), 0.0, 0.0, 0.0])[:3, :3]
    rotation = inverse(camera_from_world)[:3, :3] @ tilt @ upright
    return rigid(rotation, point_mm + rng.normal(0.0, _SHIFT_MM, 3) - rotation @ centre_mm)
