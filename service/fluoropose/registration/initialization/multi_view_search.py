"""A coarse search for the place in space where all views' pictures agree on the object. Lengths in mm.

A start that is 10 mm wrong along one view's ray is 10 mm wrong in another one's image, which is further than the
networks were trained for. In each view the cached view is correlated with the frame about the pose, over shifts in the
plane of up to half a field. The score of a place in space is the sum of its scores in all views, and a wide prior about
the pose decides between equals. Rotations are left to the networks.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.fft import irfft2, rfft2

from fluoropose.arrays import Float32, Float64, Mat44, make_read_only
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.imaging.filters import local_contrast
from fluoropose.imaging.sampling import normalised_homography, warp_frame
from fluoropose.registration.initialization.view_contrast import normalise_contrast, view_contrast
from fluoropose.registration.regression.residual import ViewAlignment

__all__ = ["best_places", "shift_scores"]

_TEMPLATE_PX = 32
_WIDE_PX = 2 * _TEMPLATE_PX
"""The frame is looked at over two fields, so that the template can be shifted by half a field each way."""

_BLOCK_PX = 8
_REACH = 0.35
"""How far to search along each axis, in shares of the field."""

_PRIOR_SHARE = 0.25
"""Standard deviation of the prior on the shift, in shares of the field."""

_APART = 0.12
"""Places nearer to each other than this share of the field are one: regressors reach as far."""

_OUTSIDE = -3.0
"""Score of a place that a view's window does not hold, in standard deviations of its scores."""


def shift_scores(frame: Float32, current: ViewAlignment, atlas: AbstractAtlas) -> Float64:
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
    template[:_TEMPLATE_PX, :_TEMPLATE_PX] = normalise_contrast(
        view_contrast(atlas.line_integrals(current.view_index)[0], _TEMPLATE_PX, _BLOCK_PX)
    )
    kept = _WIDE_PX - _TEMPLATE_PX + 1
    scores = irfft2(rfft2(seen) * np.conj(rfft2(template)), seen.shape)[:kept, :kept]
    return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9))


def best_places(
    scores: Sequence[Float64],
    looks: Sequence[ViewAlignment],
    camera_from_worlds: Sequence[Mat44],
    atlas: AbstractAtlas,
    count: int = 1,
) -> list[Float64]:
    """Return by how much the object's centre should move in the world, shape (3,) each, by all views' `shift_scores`.

    The best of all first, then the best of those that lie apart from the ones before.
    """
    turns = [
        current.pose.camera_from_canonical.T @ place[:3, :3]
        for current, place in zip(looks, camera_from_worlds, strict=True)
    ]
    candidates = _candidates()
    worth = -0.5 * (np.linalg.norm(candidates, axis=1) / (_PRIOR_SHARE * _TEMPLATE_PX)) ** 2
    for score, canonical_from_world in zip(scores, turns, strict=True):
        middle = score.shape[0] // 2
        in_plane = (turns[0] @ canonical_from_world[:2].T).astype(np.float32)
        shift = np.rint(candidates @ in_plane).astype(np.intp) + middle
        column, row = shift[:, 0], shift[:, 1]
        inside = (np.minimum(column, row) >= 0) & (np.maximum(column, row) <= 2 * middle)
        worth[inside] += score[row[inside], column[inside]]
        worth[~inside] += _OUTSIDE
    step_mm = atlas.view.field_mm / _TEMPLATE_PX
    places: list[Float64] = []
    for _ in range(count):
        best = candidates[int(np.argmax(worth))]
        places.append(step_mm * best.astype(np.float64) @ turns[0])
        worth[np.linalg.norm(candidates - best, axis=1) < _APART * _TEMPLATE_PX] = -np.inf
    return places


@cache
def _candidates() -> Float32:
    """Return shifts on a cube's grid along the first view's axes, in steps of the template, shape (n, 3)."""
    count = int(_REACH * _TEMPLATE_PX)
    steps = np.arange(-count, count + 1, dtype=np.float32)
    return make_read_only(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3))
