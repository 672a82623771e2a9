"""Intensity-based registration: a similarity of frame and DRR, maximised over the six parameters, coarse to fine.

The parameters are counted in units of how wrong a start is expected to be, so that one step of the optimiser means
about as much in each of them. The window is fixed while one stage runs; a DRR is rendered at every evaluation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.evaluation.baselines.scene import Level, Target, window_around
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.imaging.xray import Exposure
from fluoropose.similarity.gradient import gradient_correlation, gradients
from fluoropose.similarity.intensity import JointHistogram, normalised_correlation

__all__ = ["MEASURES", "Optimiser", "Search", "Stage", "search", "similarity_of"]

Optimiser = Callable[[Callable[[Float64], float], "Stage"], Float64]
"""Minimises a function of six scaled parameters from zero within a stage's budget."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One search: what is compared (`mi`, `ncc` or `gc`), at which pixel share, with how many evaluations at most.

    `reach` is the size of the optimiser's first steps in units of the expected error, `tolerance` where it stops.
    """

    measure: str
    pixel_share: float
    evaluations: int
    reach: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Search:
    """Settings of an intensity-based method.

    `scales` are the expected errors of a start (mm, degrees), `margin` the window's rim as a share of the object,
    `bins` those of the joint histogram, `smooth_px` the smoothing before derivatives, `floor` that of `Level.drr`.
    """

    stages: tuple[Stage, ...]
    scales: tuple[float, ...] = (1.0, 1.0, 10.0, 2.0, 10.0, 10.0)
    margin: float = 0.15
    bins: int = 32
    smooth_px: float = 1.0
    floor: float = 0.05


def search(
    target: Target,
    exposure: Exposure,
    start: Mat44,
    settings: Search,
    optimise: Optimiser,
) -> Mat44:
    """Return camera_from_volume after all stages, each beginning where the last one ended."""
    frame = target.case.pose_frame
    scales = np.array(settings.scales)
    pose = start
    for stage in settings.stages:
        level = target.level(exposure, stage.pixel_share)
        similarity = similarity_of(level, target, pose, settings, stage.measure)
        origin = six_from_pose(pose, frame)

        def cost(x: Float64, similarity: Any = similarity, origin: Float64 = origin) -> float:
            six = origin + x * scales
            return -similarity(pose_from_six(six, frame)) if six[2] > 1.0 and abs(six[4]) < 90.0 else 1.0

        best = optimise(cost, stage)
        pose = pose_from_six(origin + best * scales, frame)
    return pose


def similarity_of(
    level: Level, target: Target, pose: Mat44, settings: Search, measure: str
) -> Callable[[Mat44], float]:
    """Return the measure as a function of camera_from_volume, in the window around the object at `pose`."""
    window = window_around(level.camera, pose, target.case.corners_mm, settings.margin)
    compare = MEASURES[measure](level.frame, (window.rows, window.columns), settings)
    return lambda camera_from_volume: compare(level.drr(window.camera, camera_from_volume, settings.floor))


Compare = Callable[[Float32], float]


def _mutual_information(frame: Float32, part: tuple[slice, slice], settings: Search) -> Compare:
    return JointHistogram(frame[part], settings.bins).mutual_information


def _correlation(frame: Float32, part: tuple[slice, slice], settings: Search) -> Compare:
    fixed = frame[part]
    return lambda moving: normalised_correlation(fixed, moving)


def _gradient_correlation(frame: Float32, part: tuple[slice, slice], settings: Search) -> Compare:
    down, along = gradients(frame, settings.smooth_px)
    fixed = (down[part], along[part])
    return lambda moving: gradient_correlation(fixed, gradients(moving, settings.smooth_px))


MEASURES: dict[str, Callable[[Float32, tuple[slice, slice], Search], Compare]] = {
    "mi": _mutual_information,
    "ncc": _correlation,
    "gc": _gradient_correlation,
}
"""The similarity measures by name; each is larger where pictures are more alike."""
