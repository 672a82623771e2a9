"""A search about a rough start: which cached views, turned and shifted a little, look like the frame there.

The networks correct a start; where they do not find the object, this looks for it without them. The frame is warped to
the start's canonical view, turned in the plane by a few angles, and correlated with the cached views within some 28
degrees of the start, in local contrast, over shifts of up to a quarter of the field. In a body a view is shown with
the rest of the CT around it, since the body turns with its bone.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import irfft2, rfft2

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import canonical_homography, pose_from_canonical
from fluoropose.geometry.rotation import about_z
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.filters import local_contrast, pool_blocks
from fluoropose.imaging.sampling import warp_picture

__all__ = ["StartSearch", "start_candidates"]

_TEMPLATE_PX, _WIDE_PX, _BLOCK_PX = 64, 96, 8
"""Pixels of a view, of what is seen of the frame (one and a half fields), and of a local neighbourhood."""


@dataclass(frozen=True, slots=True)
class StartSearch:
    """How far and how finely to look, degrees, and how many candidates to return."""

    reach_deg: float = 28.0
    step_deg: float = 8.0
    thetas_deg: tuple[float, ...] = (-6.0, 0.0, 6.0)
    keep: int = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """A view that was compared: its score, its index, the turn in the plane and the shift in template pixels."""

    score: float
    index: int
    theta_rad: float
    shift_px: Float64


def start_candidates(
    frame: Float32, camera: Camera, atlas: AbstractAtlas, start: Mat44, settings: StartSearch = StartSearch()
) -> list[Mat44]:
    """Return likely poses (camera_from_volume) about a start, the best match first, from different directions.

    `frame` (rows, columns) of line integrals was taken by `camera`.
    """
    pose, index = atlas.locate(start)
    views = atlas.views_about(index, settings.reach_deg, settings.step_deg)
    templates = {view: np.conj(rfft2(_template(atlas, view), (_WIDE_PX, _WIDE_PX))) for view in views}
    matches = []
    for theta in np.deg2rad(settings.thetas_deg):
        turned = replace(pose, camera_from_canonical=pose.camera_from_canonical @ about_z(float(theta)))
        seen = rfft2(_seen(frame, canonical_homography(camera, turned, atlas.view), atlas.view.size_px))
        matches += [_match(seen * template, view, float(theta)) for view, template in templates.items()]
    matches.sort(key=lambda match: -match.score)
    chosen: list[_Match] = []
    for match in matches:
        if all(_apart_deg(atlas, match, other) > 0.9 * settings.step_deg for other in chosen):
            chosen.append(match)
        if len(chosen) == settings.keep:
            break
    per_px = atlas.view.field_mm / _TEMPLATE_PX * pose.range_mm / atlas.view.range_mm
    return [
        pose_from_canonical(
            pose.camera_from_canonical @ about_z(match.theta_rad), atlas.rotation(match.index),
            np.array([match.shift_px[0] * per_px, match.shift_px[1] * per_px, pose.range_mm]), atlas.view,
        )
        for match in chosen
    ]  # fmt: skip


def _match(spectrum: Float64, view: int, theta_rad: float) -> _Match:
    """Return the best shift of a view by the spectrum of its correlation with the frame."""
    kept = _WIDE_PX - _TEMPLATE_PX + 1
    scores = irfft2(spectrum, (_WIDE_PX, _WIDE_PX))[:kept, :kept]
    row, column = divmod(int(np.argmax(scores)), kept)
    return _Match(float(scores[row, column]), view, theta_rad, np.array([column, row]) - (kept - 1) / 2)


def _seen(frame: Float32, frame_from_canonical_px: Float64, size_px: int) -> Float32:
    """Return the local contrast of one and a half fields of a frame, (96, 96)."""
    per_px = size_px / _TEMPLATE_PX
    first = (size_px - 1) / 2 - per_px * (_WIDE_PX - 1) / 2
    canonical_from_wide = np.array([[per_px, 0.0, first], [0.0, per_px, first], [0.0, 0.0, 1.0]])
    return local_contrast(warp_picture(frame, frame_from_canonical_px @ canonical_from_wide, _WIDE_PX), _BLOCK_PX)


def _template(atlas: AbstractAtlas, view: int) -> Float64:
    """Return a view's local contrast with zero mean and unit length, (64, 64)."""
    lines = atlas.line_integrals(view)[0]
    if atlas.has_surroundings:
        lines = lines + atlas.surroundings_in(view)[0]
    small = pool_blocks(saturate(lines), atlas.view.size_px // _TEMPLATE_PX)
    contrast = local_contrast(small, _BLOCK_PX).astype(np.float64)
    contrast -= contrast.mean()
    return np.asarray(contrast / (np.linalg.norm(contrast) + 1e-6))


def _apart_deg(atlas: AbstractAtlas, one: _Match, other: _Match) -> float:
    """Return how far the views of two matches are apart, the larger of both angles, degrees."""
    return float(np.rad2deg(np.abs(np.subtract(atlas.angles_of(one.index), atlas.angles_of(other.index))).max()))
