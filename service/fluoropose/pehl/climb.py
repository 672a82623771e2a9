"""Where little of what a window shows is the object: the pose climbs to the largest gradient correlation near it.

The edges' weights choose there what fits already (`pehl.correlation`). So from where the edges ended Gauss-Newton steps
go on to the maximum of what a careful intensity-based search climbs: gradient correlation in the box of the object, of
the frame's own finer pixels with a view rendered at the pose, smoothed by a pixel. Lengths in mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33, Mat44, Points
from fluoropose.drr.atlas import Atlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.xray import Exposure, binning, line_integral_part
from fluoropose.pehl.align import aligned_with_look, stepped, with_belief
from fluoropose.pehl.bodies import in_look, look_camera
from fluoropose.pehl.correlation import CloseView, correlation_equations
from fluoropose.pehl.correlation_kernels import HALO
from fluoropose.pehl.hierarchy import Finding
from fluoropose.pehl.residual import Look, look, offsets_from_view, residual_from_grid

__all__ = ["Closer", "aligned_or_climbed", "close_view", "finer_homography"]

_CLUTTERED = 0.62
"""With a smaller correlation of the whole window most of it is not the object: real frames of the wrist have 0.45 to
0.54, simulated ones of metal in anatomy 0.72 and more."""

_SEEN = 0.5
"""With less presence it is not climbed: an object that may be lost takes no longer."""

_FINER = 2
"""Pixels of the view that is correlated, over those of the cached ones, each way."""

_FLOOR = 0.05
"""Scatter as a share of the open beam: that of the intensity-based methods that ours is compared with."""

_MARGIN = 0.05
"""The window's rim, a share of the object's box: narrow, for what crosses the object is around it too."""

_REACH = 0.1
"""The part of the frame that is looked at closer is wider by this share, so that a climb stays in it."""

_SHARE = 1.0 / 8.0
"""Information over that of independent pixels as wide as the cached ones, as in `pehl.align`."""

_BELIEF = 0.003
"""How much the networks' information counts beside it: enough where a frame does not tell one of the six."""

_STEPS = 8
_SETTLED = 0.5
"""Most steps, and the step, in expected errors, that is the last."""

_NEAR_RAD = 0.005
"""A view that was rendered less than this (0.3 degrees) away is turned on instead, in a quarter of the time."""

_BINNED = 0.8
"""The frame is binned by the largest factor that leaves it at least this share as fine as the finer view."""

_LEAST_SIDE_PX = 8


@dataclass(frozen=True, slots=True, eq=False)
class Closer:
    """What a climb needs: the frame as it came, what renders the object, and the corners of its box (8, 3)."""

    exposure: Exposure
    renderer: AbstractRenderer
    corners_mm: Points


def aligned_or_climbed(frame: Float32, camera: Camera, finding: Finding, atlas: Atlas, closer: Closer) -> Finding:
    """Return a finding aligned by the edges and, in a window most of which is not the object, by all of the window.

    For an object that is alone as far as is known: what crosses it then is no better told from it by its weights.
    """
    found, last = aligned_with_look(frame, camera, finding, atlas)
    if last is None or last.overall >= _CLUTTERED or finding.regression.presence[0] < _SEEN:
        return found
    part = _part(closer, found.camera_from_volume, atlas)
    return found if part is None else _climbed(*part, found, finding, atlas, closer)


def _climbed(
    frame: Float32, camera: Camera, found: Finding, believed: Finding, atlas: Atlas, closer: Closer
) -> Finding:
    """Return what was `found` moved to where frame and view correlate best; `believed` is where the networks ended."""
    pose, share = found.camera_from_volume, _SHARE * _FINER**-2.0
    kept: tuple[CloseView, Look] | None = None
    for _ in range(_STEPS):
        current = look(pose, camera, atlas)
        view = None if kept is None else _turned_on(*kept, current, atlas)
        if view is None:
            view = close_view(closer, pose, current, atlas)
            kept = view, current
        said = correlation_equations(frame, finer_homography(current.frame_from_canonical_px), view, _FLOOR)
        back = residual_from_grid(current)
        information, vector = share * back @ said.information @ back.T, share * back @ said.vector
        seen = with_belief(information, vector, _BELIEF, current, believed, atlas)
        pose, moved, length = stepped(pose, current, seen, atlas)
        if length < _SETTLED:
            break
    return replace(found, camera_from_volume=pose, regression=seen, moved=moved)


def close_view(closer: Closer, pose: Mat44, current: Look, atlas: Atlas) -> CloseView:
    """Return the window of a look that shows the object's box, rendered at the pose (camera_from_volume)."""
    camera, placed = look_camera(current, atlas).scaled(1.0 / _FINER), in_look(pose, current)
    low, high = _box(camera, placed, closer.corners_mm, _MARGIN)
    # The box of an object near its canonical place; nothing that a pose says makes it a picture without end.
    low, high = (np.clip(place, -camera.columns, 2 * camera.columns) for place in (low - HALO, high + HALO))
    lines = closer.renderer.render(camera.part(low, high), placed)
    pixel_mm = atlas.view.field_mm / camera.columns
    return CloseView(
        lines, _turns(current, atlas), int(low[0]), int(low[1]), camera.columns, pixel_mm, atlas.view.range_mm
    )


def _turned_on(view: CloseView, rendered: Look, current: Look, atlas: Atlas) -> CloseView | None:
    """Return a view that was rendered at a look for one a little later; None if that is turned too far from it.

    In the plane and in depth the canonical camera follows the object.
    """
    alpha, beta = (getattr(current.pose, key) - getattr(rendered.pose, key) for key in ("alpha_rad", "beta_rad"))
    if max(abs(alpha), abs(beta)) > _NEAR_RAD:
        return None
    return replace(view, turns=_turns(current, atlas), alpha_rad=alpha, beta_rad=beta)


def _turns(current: Look, atlas: Atlas) -> Float32:
    """Return how the cached view changes with alpha and beta at the pose, per rad: of parabolas through neighbours."""
    middle, up, down, right, left = atlas.lines(*atlas.grid.neighbours(current.view_index))
    step_rad = np.deg2rad(atlas.grid.step_deg)
    alpha, beta = (np.float32(angle / step_rad) for angle in offsets_from_view(current, atlas))
    by_alpha = 0.5 * (up - down) + alpha * (up + down - 2.0 * middle)
    by_beta = 0.5 * (right - left) + beta * (right + left - 2.0 * middle)
    return np.stack([by_alpha, by_beta]) / np.float32(step_rad)


def finer_homography(homography: Mat33) -> Mat33:
    """Return a homography from canonical pixels as one from those of the finer view."""
    shift = 0.5 / _FINER - 0.5
    return homography @ np.array([[1.0 / _FINER, 0.0, shift], [0.0, 1.0 / _FINER, shift], [0.0, 0.0, 1.0]])


def _part(closer: Closer, pose: Mat44, atlas: Atlas) -> tuple[Float32, Camera] | None:
    """Return the frame's line integrals around the object, as fine as the finer view, and the camera that sees them.

    None where too little of the object's box is in the frame.
    """
    exposure = closer.exposure
    factor = binning(exposure.camera, _BINNED * _FINER * atlas.view.camera.focal_px)
    camera = exposure.camera.scaled(factor)
    low, high = _box(camera, pose, closer.corners_mm, _MARGIN + _REACH)
    low, high = (np.clip(place, 0, [camera.columns, camera.rows]) for place in (low, high))
    if (high - low < _LEAST_SIDE_PX).any():
        return None
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return line_integral_part(exposure, factor, rows, columns), camera.part(low, high)


def _box(camera: Camera, pose: Mat44, corners_mm: Points, margin: float) -> tuple[Float64, Float64]:
    """Return first (column, row) of the object's box in a picture and those after the last, widened by a margin."""
    seen = project(camera, transform(pose, corners_mm))
    rim = margin * float(np.ptp(seen, axis=0).max())
    return np.floor(seen.min(axis=0) - rim), np.ceil(seen.max(axis=0) + rim) + 1.0
