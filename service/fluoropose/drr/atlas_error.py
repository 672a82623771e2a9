"""Errors of the atlas: how far the nearest view, and a range that is undone by a scale, are from the true picture.

Both are apparent motions of the object's corners against an exact picture, in mm at the object. The regression corrects
the first, because the residual is counted from the cached view. It does not see the second, which limits the range.
"""

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.drr.case import Case
from fluoropose.geometry.canonical import view_rotation

__all__ = ["depth_scale_error_mm", "nearest_view_error_mm"]


def nearest_view_error_mm(case: Case, step_deg: float) -> float:
    """Return the largest image motion of a corner, in mm, when both angles are half a step away from a view.

    The mean motion of the corners is subtracted: the warp would undo it.
    """
    half = np.deg2rad(step_deg / 2.0)
    return _largest_motion(_project_corners(case, half, half, 1.0) - _project_corners(case, 0.0, 0.0, 1.0))


def depth_scale_error_mm(case: Case, range_share: float) -> float:
    """Return the largest image motion of a corner, in mm, at `range_share` times the nominal range, after the scale."""
    return _largest_motion(_project_corners(case, 0.0, 0.0, range_share) - _project_corners(case, 0.0, 0.0, 1.0))


def _project_corners(case: Case, alpha_rad: float, beta_rad: float, range_share: float) -> Float64:
    """Return where the corners appear on a plane through the centre, (8, 2) mm, with the range undone by a scale."""
    view = case.atlas.view
    about = (case.corners_mm - view.centre_mm) @ view_rotation(alpha_rad, beta_rad, view).T
    range_mm = view.range_mm * range_share
    return np.asarray(about[:, :2] / (range_mm + about[:, 2:]) * range_mm)


def _largest_motion(motion: Float64) -> float:
    return float(np.linalg.norm(motion - motion.mean(axis=0), axis=1).max())
