"""Groups of frames that show a known part of the object: covered, cut off by the border, collimated. mm, degrees."""

from collections.abc import Callable

import numpy as np

from fluoropose.arrays import Bool, Float64
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trust.covers import (
    Cover,
    blade_cover,
    circle_cover,
    field_cover,
    instrument_cover,
    plate_cover,
    silhouette,
)
from fluoropose.evaluation.trust.pictures import Draw, draw_pose, draw_scenery, expose_lines, picture, render_lines
from fluoropose.evaluation.trust.runs import TrustGroup, TrustRun
from fluoropose.geometry.pose6 import pose_from_six

__all__ = ["COVERED_GROUPS", "hidden_beyond"]

_HIDDEN = (0.1, 0.6)
_COARSE = 4


def _covered(cover: Callable[[Bool, float, np.random.Generator], Cover]) -> Callable[[Draw], TrustRun]:
    """Return what makes frames in which a cover hides 10 to 60 % of the object."""

    def make(draw: Draw) -> TrustRun:
        subject, rng = draw.subject, draw.rng
        truth = pose_from_six(draw_pose(draw), subject.case.pose_frame)
        start = perturb(truth, subject.case.pose_frame, rng)
        lines = render_lines(subject, draw.renderer, subject.camera, truth)
        mask = silhouette(lines)
        over = cover(mask, float(rng.uniform(*_HIDDEN)), rng)
        scenery = draw_scenery(draw)
        pixels = expose_lines(scenery, subject.camera, lines + over.lines, rng)
        shown = over.visible_share(mask)
        return TrustRun((pixels,), subject.camera, (truth,), start, f"{100 * shown:.0f} % visible", (shown,))

    return make


def _truncated(draw: Draw) -> TrustRun:
    """Return a frame whose border cuts off 10 to 60 % of the object."""
    subject, rng = draw.subject, draw.rng
    six, share = draw_pose(draw), float(rng.uniform(*_HIDDEN))
    angle = float(rng.uniform(0.0, 2.0 * np.pi))
    way = np.array([np.cos(angle), np.sin(angle)])
    camera = subject.camera.scale_pixels(_COARSE)
    sides = np.array([camera.columns, camera.rows], float)
    wide = camera.crop(-sides, 2.0 * sides)
    places = _places(render_lines(subject, draw.renderer, wide, pose_from_six(six, subject.case.pose_frame))) - sides
    shift_px = _shift_to_hide(places, way, sides, share)
    six[:2] += way * shift_px * six[2] / camera.focal_px
    truth = pose_from_six(six, subject.case.pose_frame)
    start = perturb(truth, subject.case.pose_frame, rng)
    after = _places(render_lines(subject, draw.renderer, wide, truth)) - sides
    shown = 1.0 - hidden_beyond(after, sides)
    words = f"{100 * shown:.0f} % visible"
    return TrustRun((picture(draw, truth),), subject.camera, (truth,), start, words, (shown,))


def hidden_beyond(places: Float64, sides: Float64) -> float:
    """Return which share of pixels (n, 2), as (column, row), lies outside a picture with these `sides`."""
    return float(((places < -0.5) | (places > sides - 0.5)).any(axis=1).mean()) if len(places) else 1.0


def _shift_to_hide(places: Float64, way: Float64, sides: Float64, share: float) -> float:
    """Return by how many pixels an object is moved along `way` until the border hides a share of it."""
    low, high = 0.0, float(2.0 * sides.max())
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if hidden_beyond(places + middle * way, sides) < share else (low, middle)
    return high


def _places(lines: Float64) -> Float64:
    """Return the object's pixels as (column, row), (n, 2)."""
    return np.argwhere(silhouette(lines))[:, ::-1].astype(float)


COVERED_GROUPS = (
    TrustGroup("instrument", "covered", _covered(instrument_cover)),
    TrustGroup("metal-plate", "covered", _covered(plate_cover)),
    TrustGroup("blades", "covered", _covered(blade_cover)),
    TrustGroup("rectangular-field", "covered", _covered(field_cover)),
    TrustGroup("circular-field", "covered", _covered(circle_cover)),
    TrustGroup("truncated", "covered", _truncated),
)
