"""Powell's method over the six parameters of an object, on the gradient correlation of two views together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from fluoropose.arrays import Float32, Float64, Mat44, Points, Vec3
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.studies.wrist.recording import read_frame, read_placed_camera
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import exp, rigid, transform
from fluoropose.imaging.xray import PixelMeaning, line_integral_image
from fluoropose.similarity.gradient import gradient_correlation, gradients

__all__ = ["BiplaneSearch", "BiplaneView", "SearchEnd", "read_view"]

_RIM_PX = 3
"""Rim of the windows that go with the object."""

_FIXED_RIM_PX = 8
"""Rim of the windows that stay where they are."""

_CONVERGED_MM = 0.01
"""Searches in windows that stay are repeated until one moves the pose by less than so much."""

Window = tuple[Float64, Float64]
"""The first and the last but one (column, row) of a part of a frame."""


@dataclass(frozen=True, slots=True, eq=False)
class BiplaneView:
    """One camera's frame, binned: the camera, its place in the world, and the frame's slopes along rows and columns."""

    camera: Camera
    camera_from_world: Mat44
    edges: tuple[Float32, Float32]

    def window(self, corners_mm: Points, world_from_volume: Mat44, rim_px: int) -> Window:
        """Return where the object is, with a rim."""
        pixels = project(self.camera, transform(self.camera_from_world @ world_from_volume, corners_mm))
        last = np.array([self.camera.columns, self.camera.rows], np.float64)
        low = np.clip(np.floor(pixels.min(axis=0)) - rim_px, 0, last - 9)
        return low, np.clip(np.ceil(pixels.max(axis=0)) + rim_px + 1, low + 8, last)

    def similarity(self, renderer: CpuRenderer, world_from_volume: Mat44, window: Window) -> float:
        """Return the gradient correlation of frame and DRR in a window, -1 to 1."""
        low, high = window
        part = self.camera.crop(low, high)
        inside = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        seen = (self.edges[0][inside], self.edges[1][inside])
        return gradient_correlation(seen, gradients(renderer.render(part, self.camera_from_world @ world_from_volume)))


@dataclass(frozen=True, slots=True, eq=False)
class SearchEnd:
    """Where a search ended: the mean gradient correlation and world_from_volume."""

    similarity: float
    pose: Mat44


@dataclass(frozen=True, slots=True, eq=False)
class BiplaneSearch:
    """Searches for an object with these corners (8, 3) of its box, about whose middle it turns.

    `repeats` bounds how often a search in windows that stay is repeated, `evaluations` each of them.
    """

    corners_mm: Points
    repeats: int = 6
    evaluations: int = 500

    @property
    def centre_mm(self) -> Vec3:
        """The middle of the box, in the volume."""
        return self.corners_mm.mean(axis=0)

    def similarity(self, views: Sequence[BiplaneView], renderer: CpuRenderer, pose: Mat44) -> float:
        """Return the mean gradient correlation where the object is."""
        return self._mean(views, renderer, pose, self._windows(views, pose, _RIM_PX))

    def search(self, views: Sequence[BiplaneView], renderer: CpuRenderer, start: Mat44, evaluations: int) -> SearchEnd:
        """Return the end of a search whose windows go with the object."""
        found = minimize(
            lambda x: -self.similarity(views, renderer, self._move(start, x)),
            np.zeros(6),
            method="Powell",
            options={"maxfev": evaluations, "xtol": 1e-2, "ftol": 1e-5},
        )
        return SearchEnd(-float(found.fun), self._move(start, found.x))

    def fixed_windows(self, views: Sequence[BiplaneView], pose: Mat44) -> list[Window]:
        """Return where the object is in each view, with a rim for it to move in."""
        return self._windows(views, pose, _FIXED_RIM_PX)

    def converge(
        self, views: Sequence[BiplaneView], renderer: CpuRenderer, start: Mat44, windows: Sequence[Window]
    ) -> SearchEnd:
        """Return the end of searches in windows that stay where they are, repeated until one moves the pose no more.

        A window that goes with the object gains or loses a row of pixels now and then, and the similarity in it jumps
        by as much as the last half millimetre is worth: a search ends between two jumps.
        """
        end = SearchEnd(0.0, start)
        for _ in range(self.repeats):
            before = end.pose
            end = self._search_within(views, renderer, before, windows)
            if pose_error(end.pose, before, self.corners_mm).mtre_mm < _CONVERGED_MM:
                break
        return end

    def _search_within(
        self, views: Sequence[BiplaneView], renderer: CpuRenderer, start: Mat44, windows: Sequence[Window]
    ) -> SearchEnd:
        found = minimize(
            lambda x: -self._mean(views, renderer, self._move(start, x), windows),
            np.zeros(6),
            method="Powell",
            options={"maxfev": self.evaluations, "xtol": 1e-3, "ftol": 1e-8, "direc": np.diag([0.5] * 3 + [0.2] * 3)},
        )
        return SearchEnd(-float(found.fun), self._move(start, found.x))

    def _mean(
        self, views: Sequence[BiplaneView], renderer: CpuRenderer, pose: Mat44, windows: Sequence[Window]
    ) -> float:
        return float(
            np.mean([view.similarity(renderer, pose, window) for view, window in zip(views, windows, strict=True)])
        )

    def _windows(self, views: Sequence[BiplaneView], pose: Mat44, rim_px: int) -> list[Window]:
        return [view.window(self.corners_mm, pose, rim_px) for view in views]

    def _move(self, start: Mat44, x: Float64) -> Mat44:
        """Return a pose turned about the centre by three angles (degrees) and shifted by three lengths (mm)."""
        turn = exp(np.r_[np.deg2rad(x[:3]), 0.0, 0.0, 0.0])
        centre = transform(start, self.centre_mm) + x[3:]
        rotation = turn[:3, :3] @ start[:3, :3]
        return rigid(rotation, centre - rotation @ self.centre_mm)


def read_view(data: Path, camera: str, frame: str, factor: int) -> BiplaneView:
    """Return one camera's frame of the recording, binned by `factor`."""
    placed = read_placed_camera(data, camera)
    edges = gradients(line_integral_image(read_frame(data, camera, frame), PixelMeaning.DISPLAY, factor))
    return BiplaneView(placed.camera.scale_pixels(factor), placed.camera_from_world, edges)
