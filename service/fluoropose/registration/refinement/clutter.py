"""Where little of what a window shows is the object: the pose climbs to the largest gradient correlation near it.

The edges' weights choose there what fits already (`costs.gradient_correlation`). So from where the edges ended Gauss-Newton steps
go on to the maximum of what a careful intensity-based search climbs: gradient correlation in the box of the object, of
the frame's own finer pixels with views rendered at the pose, smoothed by a pixel. Cached views, which are coarser,
lead most of the way. Lengths in mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44, Points
from fluoropose.drr.atlas import Atlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.xray import Exposure, binning_factor, line_integral_part
from fluoropose.registration.refinement.costs.gradient_correlation import (
    WindowView,
    correlation_equations,
    correlation_with,
)
from fluoropose.registration.refinement.costs.gradient_correlation_kernels import HALO, smoothed, turned_through
from fluoropose.registration.refinement.costs.two_body_kernels import seen_through_twin
from fluoropose.registration.refinement.edge_alignment import aligned_with_look, edge_look, stepped, with_belief
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    align_view,
    apply_residual,
    residual_from_grid,
    residual_units,
    view_offsets_rad,
)
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.regression.step import Regression

__all__ = ["Closer", "aligned_or_climbed", "cached_view", "cached_view_twin", "window_of"]

_CLUTTERED = 0.62
"""With a smaller correlation of the whole window most of it is not the object: real frames of the wrist have 0.45 to
0.54, simulated ones of metal in anatomy 0.72 and more."""

_SEEN = 0.5
"""With less presence it is not climbed: an object that may be lost takes no longer."""

_FINER = 2
"""Pixels of the frame that are correlated, over those of the cached views, each way, if it has them."""

_FLOOR = 0.05
"""Scatter as a share of the open beam: that of the intensity-based methods that ours is compared with."""

_MARGIN = 0.05
"""The window's rim, a share of the object's box: narrow, for what crosses the object is around it too."""

_SHARE = 1.0 / 8.0
"""Information over that of independent pixels as wide as the cached ones, as in `refinement.edge_alignment`."""

_BELIEF = 0.003
"""How much the networks' information counts beside it: enough where a frame does not tell one of the six."""

_CACHED_STEPS, _NEAR = 4, 1.0
"""As long as steps are longer than so many expected errors, but in so many of them at most, cached views do."""

_STEPS = 10
_SETTLED = 1.0
"""Most steps, and the step, in expected errors, that is the last."""

_WORSE = 1e-3
"""A correlation at the end that is less by so much than that of the first rendered view has not climbed."""

_DISAGREES = 0.005
"""An end where the edges' agreement is less by so much is that of something else. On real frames of the wrist it is
less by up to 0.0033 at a right end; with unknown metal before the object it mostly is by more, and the end is worse."""

_BINNED = 0.8
"""It is binned by the largest factor that leaves it at least this share as fine."""

_LEAST_SIDE_PX = 8 + 2 * HALO


@dataclass(frozen=True, slots=True, eq=False)
class Closer:
    """What a climb needs: the frame as it came, what renders the object, and the corners of its box (8, 3)."""

    exposure: Exposure
    renderer: AbstractRenderer
    corners_mm: Points


def aligned_or_climbed(
    frame: Float32, camera: Camera, finding: PoseEstimate, atlas: Atlas, closer: Closer
) -> PoseEstimate:
    """Return a finding aligned by the edges and, in a window most of which is not the object, by all of the window.

    For an object that is alone as far as is known: what crosses it then is no better told from it by its weights.
    """
    found, last = aligned_with_look(frame, camera, finding, atlas)
    if last is None or last.overall >= _CLUTTERED or finding.regression.presence[0] < _SEEN:
        return found
    window = window_of(closer, found.camera_from_volume, atlas)
    if window is None:
        return found
    climbed = _climbed(*window, found, finding, atlas, closer.renderer)
    edges = edge_look(frame, align_view(climbed.camera_from_volume, camera, atlas), finding, atlas, last.floor)
    return climbed if edges.agreement >= last.agreement - _DISAGREES else found


def _climbed(
    frame: Float32,
    camera: Camera,
    found: PoseEstimate,
    believed: PoseEstimate,
    atlas: Atlas,
    renderer: AbstractRenderer,
) -> PoseEstimate:
    """Return what was `found` moved to where frame and view correlate best in a window; the camera sees just that.

    `believed` is where the networks ended. Where the view correlates less at the end, what was found is returned.
    """
    pose, near, first = found.camera_from_volume, False, -1.0
    share = _SHARE * min((atlas.view.camera.focal_px / camera.focal_px) ** 2, 1.0)
    for step in range(_STEPS):
        current = align_view(pose, camera, atlas)
        view = cached_view(current, camera, atlas)
        near = near or step == _CACHED_STEPS
        if near:
            view = replace(view, lines=renderer.render(camera, pose))
        said = correlation_equations(frame, view, atlas, _FLOOR)
        back = residual_from_grid(current)
        information, vector = share * back @ said.information @ back.T, share * back @ said.vector
        seen = with_belief(information, vector, _BELIEF, current, believed, atlas)
        change = seen.residuals[0] - current.view_residual
        length = float(np.sqrt(change @ seen.information[0] @ change))
        settled = first >= 0.0 and length < _SETTLED
        if settled:
            seen = _along_ridge(seen, said.correlation, current, frame, camera, atlas, renderer)
        pose, moved, _ = stepped(pose, current, seen, atlas)
        if settled:
            break
        if near and first < 0.0:
            first = said.correlation
        near = near or length < _NEAR
    if said.correlation < first - _WORSE:
        return found
    return replace(found, camera_from_volume=pose, regression=seen, moved=moved)


def _along_ridge(
    seen: Regression, correlation: float, current: ViewAlignment, frame: Float32, camera: Camera, atlas: Atlas,
    renderer: AbstractRenderer,
) -> Regression:  # fmt: skip
    """Return a regression that goes along the direction that is known least to where a parabola is largest.

    It is that of the correlation at the look and one expected error before and after it: a ridge so flat that what the
    equations leave out, how a view changes within a pixel, moves its top by half an expected error.
    """
    units = residual_units(atlas.view)
    known, directions = np.linalg.eigh(seen.information[0] * np.outer(units, units))
    # A direction that is not known at all is tried one unit each way.
    direction = directions[:, 0] * units / np.sqrt(max(float(known[0]), 1.0))
    sides = []
    for sign in (-1.0, 1.0):
        pose = apply_residual(current, current.view_residual + sign * direction, Group.ALL, atlas)
        sides.append(correlation_with(frame, renderer.render(camera, pose), _FLOOR))
    before, after = sides
    bent = before - 2.0 * correlation + after
    top = float(np.clip(0.5 * (before - after) / bent, -1.5, 1.5)) if bent < 0.0 else 0.0
    change = seen.residuals[0] - current.view_residual
    # How far along it the change goes already.
    weighed = seen.information[0] @ direction
    gone = float(change @ weighed) / float(direction @ weighed)
    return replace(seen, residuals=(seen.residuals[0] + (top - gone) * direction)[None])


def cached_view(current: ViewAlignment, camera: Camera, atlas: Atlas) -> WindowView:
    """Return what a camera's picture shows of an object at a look by the cached views: parabolas through neighbours."""
    views, step_rad = (
        atlas.line_integrals(*atlas.grid.neighbours(current.view_index)),
        float(np.deg2rad(atlas.grid.step_deg)),
    )
    alpha, beta = view_offsets_rad(current, atlas)
    homography, seen = current.frame_from_canonical_px, np.empty((3, camera.rows, camera.columns), np.float32)
    turned_through(views, alpha / step_rad, beta / step_rad, step_rad, np.linalg.inv(homography), seen)
    return WindowView(seen[0], seen[1:], homography)


def cached_view_twin(current: ViewAlignment, camera: Camera, atlas: Atlas) -> WindowView:
    """Return what `cached_view` does, in plain NumPy."""
    middle, up, down, right, left = atlas.line_integrals(*atlas.grid.neighbours(current.view_index))
    step_rad = np.deg2rad(atlas.grid.step_deg)
    a, b = (angle / step_rad for angle in view_offsets_rad(current, atlas))
    a1, a2, b1, b2 = (up - down) / 2, (up + down) / 2 - middle, (right - left) / 2, (right + left) / 2 - middle
    lines = np.maximum(middle + a * (a1 + a * a2) + b * (b1 + b * b2), 0.0)
    pictures = np.stack([lines, (a1 + 2 * a * a2) / step_rad, (b1 + 2 * b * b2) / step_rad])
    homography = current.frame_from_canonical_px
    seen = seen_through_twin(pictures, np.linalg.inv(homography), camera.rows, camera.columns)
    return WindowView(seen[0], seen[1:], homography)


def window_of(closer: Closer, pose: Mat44, atlas: Atlas) -> tuple[Float32, Camera] | None:
    """Return the frame's line integrals around the object at a pose, smoothed, and the camera that sees just them.

    None where too little of the object's box is in the frame.
    """
    exposure = closer.exposure
    factor = binning_factor(exposure.camera, _BINNED * _FINER * atlas.view.camera.focal_px)
    camera = exposure.camera.scale_pixels(factor)
    low, high = _box(camera, pose, closer.corners_mm, _MARGIN)
    low, high = (np.clip(place, 0, [camera.columns, camera.rows]) for place in (low - HALO, high + HALO))
    if (high - low < _LEAST_SIDE_PX).any():
        return None
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return smoothed(line_integral_part(exposure, factor, rows, columns)), camera.crop(low, high)


def _box(camera: Camera, pose: Mat44, corners_mm: Points, margin: float) -> tuple[Float64, Float64]:
    """Return first (column, row) of the object's box in a picture and those after the last, widened by a margin."""
    seen = project(camera, transform(pose, corners_mm))
    rim = margin * float(np.ptp(seen, axis=0).max())
    return np.floor(seen.min(axis=0) - rim), np.ceil(seen.max(axis=0) + rim) + 1.0
