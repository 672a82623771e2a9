"""The cost of gradient correlation in the window of an object: what a careful intensity-based search climbs.

It is for an object in clutter. Where most of what a window shows is not the object, edges that are weighed by how well
they fit choose what fits already. Gradient correlation weighs all pixels alike, and near the object it has one place
where it is largest (`similarity.gradient_correlation_equations`). The frame's own, finer pixels are correlated with
views rendered at the pose, smoothed by a pixel; cached views, which are coarser, lead most of the way. Lengths in mm,
angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44, Points
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.filters import blur
from fluoropose.imaging.sampling import warp_stack_twin
from fluoropose.imaging.xray import Exposure, binning_factor, line_integral_part
from fluoropose.registration.refinement.gauss_newton import AbstractCost, Equations, NewtonStep
from fluoropose.registration.regression.residual import (
    ViewAlignment,
    ViewParameters,
    align_view,
    residual_from_grid,
    residual_units,
    view_offsets_rad,
)
from fluoropose.similarity.gradient_correlation_equations import (
    WindowView,
    correlation_equations,
    window_correlation,
)
from fluoropose.similarity.gradient_correlation_kernels import HALO, TAPS, warp_turned_view

__all__ = [
    "CORRELATION",
    "CorrelationSettings",
    "GradientCorrelationCost",
    "Window",
    "cached_window_view",
    "cached_window_view_twin",
    "window_around",
]


@dataclass(frozen=True, slots=True)
class CorrelationSettings:
    """Which pixels are correlated, and how much the correlation is believed.

    `finer` is how many pixels of the frame, each way, lie on one of the cached views', if the frame has them; it is
    binned by the largest factor that leaves it at least `binned_share` as fine. `floor` is scatter as a share of the
    open beam: that of the intensity-based methods that ours is compared with. `margin_share` is the window's margin, a
    share of the object's box: narrow, because what crosses the object lies around it too. `information_share` is the
    information over that of independent pixels as wide as the cached ones, as for the edges. `most_ridge_steps` bounds
    the last step along the least known direction, in expected errors.
    """

    finer: int = 2
    binned_share: float = 0.8
    floor: float = 0.05
    margin_share: float = 0.05
    information_share: float = 1.0 / 8.0
    most_ridge_steps: float = 1.5


CORRELATION = CorrelationSettings()

_LEAST_SIDE_PX = 8 + 2 * HALO


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The smoothed line integrals (rows, columns) around an object, and the camera that sees just them."""

    frame: Float32
    camera: Camera


class GradientCorrelationCost(AbstractCost):
    """The gradient correlation of a window with an object's views: rendered at the pose, or cached ones."""

    def __init__(
        self,
        window: Window,
        atlas: AbstractAtlas,
        renderer: AbstractRenderer | None = None,
        settings: CorrelationSettings = CORRELATION,
    ) -> None:
        self._window, self._atlas, self._renderer, self._settings = window, atlas, renderer, settings
        finer = (atlas.view.camera.focal_px / window.camera.focal_px) ** 2
        self._share = settings.information_share * min(finer, 1.0)

    def evaluate(self, pose: Mat44) -> Equations:
        """Return the equations about camera_from_volume."""
        camera, atlas = self._window.camera, self._atlas
        alignment = align_view(pose, camera, atlas)
        view = cached_window_view(alignment, camera, atlas)
        if self._renderer is not None:
            view = replace(view, lines=self._renderer.render(camera, pose))
        said = correlation_equations(self._window.frame, view, atlas.view, self._settings.floor)
        back = residual_from_grid(alignment)
        information, vector = self._share * back @ said.information @ back.T, self._share * back @ said.vector
        return Equations(information, vector, said.correlation, ViewParameters(alignment, atlas))

    def polish(self, equations: Equations, step: NewtonStep) -> NewtonStep:
        """Return a step that goes along the direction that is known least to where a parabola is largest.

        The parabola is that of the correlation at the pose and one expected error before and after it. The ridge is so
        flat that what the equations leave out, how a view changes within a pixel, moves its top by half an error.
        """
        if self._renderer is None:
            return step
        units = residual_units(self._atlas.view)
        known, directions = np.linalg.eigh(step.information * np.outer(units, units))
        # A direction that is not known at all is tried one unit each way.
        direction = directions[:, 0] * units / np.sqrt(max(float(known[0]), 1.0))
        before, after = (self._correlation_at(equations, sign * direction) for sign in (-1.0, 1.0))
        bent = before - 2.0 * equations.agreement + after
        most = self._settings.most_ridge_steps
        top = float(np.clip(0.5 * (before - after) / bent, -most, most)) if bent < 0.0 else 0.0
        change = step.change
        # How far along the direction the change goes already.
        weighed = step.information @ direction
        gone = float(change @ weighed) / float(direction @ weighed)
        moved = change + (top - gone) * direction
        return replace(step, change=moved, parameters=equations.parameters.origin + moved)

    def _correlation_at(self, equations: Equations, change: Float64) -> float:
        """Return the correlation with a view rendered a change (6,) away from the pose of the equations."""
        if self._renderer is None:
            raise AssertionError("expected a renderer, got none")
        pose = equations.parameters.pose_at(equations.parameters.origin + change)
        lines = self._renderer.render(self._window.camera, pose)
        return window_correlation(self._window.frame, lines, self._settings.floor)


def cached_window_view(alignment: ViewAlignment, camera: Camera, atlas: AbstractAtlas) -> WindowView:
    """Return what a camera's picture shows of an object by the cached views: parabolas through neighbouring ones."""
    step_rad = float(np.deg2rad(atlas.step_deg))
    views = atlas.line_integrals(*atlas.neighbours(alignment.view_index))
    alpha, beta = view_offsets_rad(alignment, atlas)
    homography, seen = alignment.frame_from_canonical_px, np.empty((3, camera.rows, camera.columns), np.float32)
    warp_turned_view(views, alpha / step_rad, beta / step_rad, step_rad, np.linalg.inv(homography), seen)
    return WindowView(seen[0], seen[1:], homography)


def cached_window_view_twin(alignment: ViewAlignment, camera: Camera, atlas: AbstractAtlas) -> WindowView:
    """Return what `cached_window_view` does, in plain NumPy."""
    middle, up, down, right, left = atlas.line_integrals(*atlas.neighbours(alignment.view_index))
    step_rad = np.deg2rad(atlas.step_deg)
    a, b = (angle / step_rad for angle in view_offsets_rad(alignment, atlas))
    a1, a2, b1, b2 = (up - down) / 2, (up + down) / 2 - middle, (right - left) / 2, (right + left) / 2 - middle
    lines = np.maximum(middle + a * (a1 + a * a2) + b * (b1 + b * b2), 0.0)
    pictures = np.stack([lines, (a1 + 2 * a * a2) / step_rad, (b1 + 2 * b * b2) / step_rad])
    homography = alignment.frame_from_canonical_px
    seen = warp_stack_twin(pictures, np.linalg.inv(homography), camera.rows, camera.columns)
    return WindowView(seen[0], seen[1:], homography)


def window_around(
    exposure: Exposure,
    corners_mm: Points,
    pose: Mat44,
    atlas: AbstractAtlas,
    settings: CorrelationSettings = CORRELATION,
) -> Window | None:
    """Return the window of a frame around an object's box, corners (8, 3), at camera_from_volume.

    None where too little of the box is in the frame.
    """
    factor = binning_factor(exposure.camera, settings.binned_share * settings.finer * atlas.view.camera.focal_px)
    camera = exposure.camera.scale_pixels(factor)
    low, high = _box_px(camera, pose, corners_mm, settings.margin_share)
    low, high = (np.clip(place, 0, [camera.columns, camera.rows]) for place in (low - HALO, high + HALO))
    if (high - low < _LEAST_SIDE_PX).any():
        return None
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return Window(blur(line_integral_part(exposure, factor, rows, columns), TAPS), camera.crop(low, high))


def _box_px(camera: Camera, pose: Mat44, corners_mm: Points, margin_share: float) -> tuple[Float64, Float64]:
    """Return the first (column, row) of an object's box in a picture and those after the last, with a margin."""
    seen = project(camera, transform(pose, corners_mm))
    margin = margin_share * float(np.ptp(seen, axis=0).max())
    return np.floor(seen.min(axis=0) - margin), np.ceil(seen.max(axis=0) + margin) + 1.0
