"""A second opinion at the end: do the frame's edges lie where the cached view's are? No network is asked.

Gradient correlation (`similarity.gradient`) of the frame in the canonical view and the nearest cached view, over the
cached view's edges. What the surroundings explain counts for nothing: a spine goes on where a vertebra is missing. A
network that has never seen some kind of empty frame may be sure of nothing; this is not.
"""

import numpy as np

from fluoropose.arrays import Float32
from fluoropose.drr.atlas import Atlas
from fluoropose.pehl.numpy_step import saturate, warp_frame
from fluoropose.pehl.residual import Look
from fluoropose.pehl.step import normalised_homography
from fluoropose.similarity.gradient import gradient_correlation, gradients

__all__ = ["edge_likeness"]

_SMOOTH_PX = 1.5
"""Wider than the error of the nearest view, so that the step of the grid does not count as unlike."""

_EDGE_SHARE = 0.08
"""Gradients above this share of the steepest are the view's edges."""


def edge_likeness(frame: Float32, current: Look, atlas: Atlas) -> float:
    """Return the gradient correlation, -1 to 1, of a frame (rows, columns) of line integrals seen from a pose."""
    homography = normalised_homography(current.frame_from_canonical_px, *frame.shape)
    seen = gradients(warp_frame(frame, homography, atlas.view.size_px), _SMOOTH_PX)
    cached = gradients(saturate(np.asarray(atlas.views[current.view_index], np.float32)), _SMOOTH_PX)
    steepness = np.hypot(*cached)
    around = atlas.surroundings
    besides = None if around is None else gradients(np.asarray(around[current.view_index], np.float32), _SMOOTH_PX)
    return gradient_correlation(seen, cached, steepness > _EDGE_SHARE * float(steepness.max()), besides=besides)
