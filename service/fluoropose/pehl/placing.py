"""Where in space do all views' pictures agree on the object? A coarse search, before the first step. Lengths in mm.

A start that is 10 mm wrong along one view's ray is 10 mm wrong in another one's image, which is further than a
regressor of residuals was taught. In each view the cached view is correlated with the frame about the pose, over shifts
in the plane of up to half a field; a place in space is worth the sum of what every view scores it at, and a wide
prior about the pose decides between equals. Nothing is rotated: that is the regressors' business.
"""

from collections.abc import Sequence

import numpy as np
from scipy.fft import irfft2, rfft2

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.pehl.numpy_step import local_contrast, saturate, warp_frame
from fluoropose.pehl.residual import Look
from fluoropose.pehl.step import normalised_homography

__all__ = ["best_place", "shift_scores"]

_TEMPLATE_PX = 32
_WIDE_PX = 2 * _TEMPLATE_PX
"""The frame is looked at over two fields, so that the template can be shifted by half a field each way."""

_BLOCK_PX = 8
_REACH = 0.35
"""How far to search along each axis, in shares of the field."""

_PRIOR_SHARE = 0.25
"""Standard deviation of the prior on the shift, in shares of the field."""

_OUTSIDE = -3.0
"""Score of a place that a view's window does not hold, in standard deviations of its scores."""


def shift_scores(frame: Float32, current: Look, atlas: Atlas) -> Float64:
    """Return the correlation of the cached view with a frame (rows, columns) of line integrals, by shift.

    Shape (33, 33), row shift first, no shift in the middle, in standard deviations about the mean; a step is 1/32 of
    the field.
    """
    block = atlas.view.size_px // _TEMPLATE_PX
    start = block / 2.0 - 0.5 - atlas.view.size_px / 2.0
    canonical_from_wide = np.array([[block, 0.0, start], [0.0, block, start], [0.0, 0.0, 1.0]])
    homography = normalised_homography(current.frame_from_canonical_px @ canonical_from_wide, *frame.shape)
    seen = local_contrast(warp_frame(frame, homography, _WIDE_PX), _BLOCK_PX)
    template = np.zeros((_WIDE_PX, _WIDE_PX))
    template[:_TEMPLATE_PX, :_TEMPLATE_PX] = _template(atlas, current.view_index, block)
    kept = _WIDE_PX - _TEMPLATE_PX + 1
    scores = irfft2(rfft2(seen) * np.conj(rfft2(template)), seen.shape)[:kept, :kept]
    return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9))


def best_place(
    scores: Sequence[Float64], looks: Sequence[Look], camera_from_worlds: Sequence[Mat44], atlas: Atlas
) -> Float64:
    """Return by how much the object's centre should move in the world, shape (3,), by all views' `shift_scores`."""
    view = atlas.view
    turns = [
        current.pose.camera_from_canonical.T @ place[:3, :3]
        for current, place in zip(looks, camera_from_worlds, strict=True)
    ]
    candidates = _candidates(view) @ turns[0]
    worth = -0.5 * (np.linalg.norm(candidates, axis=1) / (_PRIOR_SHARE * view.field_mm)) ** 2
    for score, canonical_from_world in zip(scores, turns, strict=True):
        middle = score.shape[0] // 2
        shift = np.rint(candidates @ canonical_from_world[:2].T * (_TEMPLATE_PX / view.field_mm)).astype(int)
        inside = (np.abs(shift) <= middle).all(axis=1)
        column, row = np.clip(shift + middle, 0, 2 * middle).T
        worth = worth + np.where(inside, score[row, column], _OUTSIDE)
    return np.asarray(candidates[int(np.argmax(worth))])


def _candidates(view: CanonicalView) -> Float64:
    """Return shifts on a cube's grid, mm, shape (n, 3)."""
    count = int(_REACH * _TEMPLATE_PX)
    steps = view.field_mm / _TEMPLATE_PX * np.arange(-count, count + 1)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


def _template(atlas: Atlas, index: int, block: int) -> Float64:
    image = saturate(np.asarray(atlas.views[index], np.float32))
    small = image.reshape(_TEMPLATE_PX, block, _TEMPLATE_PX, block).mean(axis=(1, 3))
    contrast = local_contrast(np.asarray(small, np.float32), _BLOCK_PX)
    contrast = contrast - contrast.mean()
    return np.asarray(contrast / (np.linalg.norm(contrast) + 1e-6))
