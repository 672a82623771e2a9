"""The points of a zone: candidates from a DRR's edges, filtered by how their residual behaves. mm and degrees.

E_i is the variance of candidate i's residual over poses t (bad: it should not depend on the pose), F_i that over
errors dt (good: it should show the error). The candidate with the largest F / E is taken, all whose region overlaps
it by more than 25 % are struck out, and so on (Miao, Wang, Liao 2016, section III-B2, eqs 13 and 14).

The paper draws 1000 poses and 1000 errors; `FilterPlan` says how many of each are drawn here, all pairs of them are
rendered, and the patches' pixels are sampled more coarsely. Its size of region was chosen by hand to give about 18
points; here it is the largest of a falling series that gives 18. A large smooth body has two surfaces behind most of
its edges and few points that explain 0.9 of the gradient; where no size gives 18, a smaller share is asked for.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Points
from fluoropose.drr.atlas import Progress, default_step_mm, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import ObjectSelectionError
from fluoropose.evaluation.published.gradients import edge_pixels, edge_points
from fluoropose.evaluation.published.patches import crop, in_patch_axes, local_residual, patch_rays
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import PAPER_GROUPS, Zone
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform

__all__ = [
    "FilterPlan",
    "POINTS",
    "ZonePoints",
    "choose_points",
    "draw_poses",
    "greedy",
    "overlap_share",
    "sensitivity",
]

POINTS = 18
_LEAST_POINTS = 4
_OVERLAP = 0.25
_COARSE_PX = 13
"""Patches are sampled at a sixteenth of their pixels for the filter."""

_POSE_RANGES = np.array([10.0, 10.0, 60.0, 180.0])
"""Half-ranges of t_x, t_y, t_z (about the nominal range) in mm and t_theta in degrees; the paper names none."""


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """How much the filter looks at: candidates, poses, errors (every pair of the last two is rendered)."""

    candidates: int = 300
    poses: int = 16
    errors: int = 16
    side_shares: tuple[float, ...] = (0.28, 0.25, 0.22, 0.2, 0.18, 0.16, 0.14, 0.12, 0.1)
    explained_shares: tuple[float, ...] = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


@dataclass(frozen=True, slots=True, eq=False)
class ZonePoints:
    """The chosen points (n, 3) in the volume and the side of their regions in mm at the object.

    `explained_share` is what was asked of their gradients: 0.9 in the paper.
    """

    points_mm: Points
    side_mm: float
    explained_share: float


def draw_poses(case: Case, zone: Zone, count: int, rng: np.random.Generator) -> Float64:
    """Return poses (count, 6) with the out-of-plane angles uniform in the zone."""
    six = np.zeros((count, 6))
    six[:, :4] = rng.uniform(-1.0, 1.0, (count, 4)) * _POSE_RANGES
    six[:, 2] += case.atlas.view.range_mm
    six[:, 4:] = np.array(zone.centre_deg) + rng.uniform(-zone.half_deg, zone.half_deg, (count, 2))
    return six


def choose_points(
    case: Case, zone: Zone, rng: np.random.Generator, plan: FilterPlan | None = None, progress: Progress = no_progress
) -> ZonePoints:
    """Return the points of a zone: 18, or as many as the smallest region leaves.

    Raises
    ------
    ObjectSelectionError
        If the object has hardly any edge that one place explains.
    """
    plan = plan or FilterPlan()
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    centre = np.array([0.0, 0.0, case.atlas.view.range_mm, 0.0, *zone.centre_deg])
    camera, pose = picture_camera(case, centre), pose_from_six(centre, case.pose_frame)
    pixels = edge_pixels(renderer.render(camera, pose), 8 * plan.candidates, rng)
    edges, explained = edge_points(case.volume, camera, pose, pixels)
    views = _render_errors(case, zone, renderer, rng, plan, progress)
    best = ZonePoints(np.empty((0, 3)), 0.0, 0.0)
    for share in plan.explained_shares:
        candidates = edges[explained >= share][: plan.candidates]
        if len(candidates) < _LEAST_POINTS:
            continue
        seen = transform(pose, candidates)
        places = seen[:, :2] / seen[:, 2:] * centre[2]
        for side_share in plan.side_shares:
            side_mm = side_share * case.size_mm
            taken = greedy(sensitivity(case, candidates, side_mm, views), places, side_mm)[:POINTS]
            if len(taken) > len(best.points_mm):
                best = ZonePoints(candidates[taken], side_mm, share)
            if len(best.points_mm) == POINTS:
                return best
    if len(best.points_mm) < _LEAST_POINTS:
        raise ObjectSelectionError(
            f"expected an object with at least {_LEAST_POINTS} clear edges, got {len(best.points_mm)}"
        )
    return best


def sensitivity(
    case: Case, candidates: Points, side_mm: float, views: list[tuple[Float64, Float64, Float64]]
) -> Float64:
    """Return F / E of each candidate, shape (n,); `views` as `_render_errors` gives them."""
    residuals = []
    for six, still, moved in views:
        rays = patch_rays(six, candidates, case.pose_frame, side_mm, _COARSE_PX)
        pixel = picture_camera(case, six).intrinsic_matrix @ rays
        drr = crop(still, pixel, _COARSE_PX)
        residuals.append(np.stack([local_residual(drr, crop(one, pixel, _COARSE_PX)) for one in moved]))
    h = np.stack(residuals)  # (poses j, errors k, candidates i, pixels n)
    over_poses = ((h - h.mean(axis=0, keepdims=True)) ** 2).mean(axis=(0, 1, 3, 4))
    over_errors = ((h - h.mean(axis=1, keepdims=True)) ** 2).mean(axis=(0, 1, 3, 4))
    return np.asarray(over_errors / (over_poses + 1e-9), dtype=np.float64)


def greedy(worth: Float64, places_mm: Float64, side_mm: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the indices taken, best first, no two regions at `places_mm` (n, 2) overlapping by more than 25 %."""
    left = list(np.argsort(-worth))
    taken: list[int] = []
    while left:
        first = left.pop(0)
        taken.append(int(first))
        left = [n for n in left if overlap_share(places_mm[n] - places_mm[first], side_mm) <= _OVERLAP]
    return np.array(taken, np.int64)


def overlap_share(offset_mm: Float64, side_mm: float) -> float:
    """Return the share of a square region that another at `offset_mm` (2,) covers."""
    return float(np.prod(np.maximum(1.0 - np.abs(offset_mm) / side_mm, 0.0)))


def _render_errors(
    case: Case, zone: Zone, renderer: CpuRenderer, rng: np.random.Generator, plan: FilterPlan, progress: Progress
) -> list[tuple[Float64, Float64, Float64]]:
    """Return for each pose (its parameters, its DRR, the DRRs with each error added)."""
    ranges = np.array(PAPER_GROUPS[0].half_ranges)
    errors = rng.uniform(-1.0, 1.0, (plan.errors, 6)) * ranges
    views = []
    for six in draw_poses(case, zone, plan.poses, rng):
        camera = picture_camera(case, six)
        still = renderer.render(camera, pose_from_six(six, case.pose_frame))
        wrong = six + in_patch_axes(errors, -six[3])
        moved = np.stack([renderer.render(camera, pose_from_six(one, case.pose_frame)) for one in wrong])
        views.append((six, still, moved))
        progress(len(views), plan.poses)
    return views
