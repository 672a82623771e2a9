"""Square regions placed and scaled by the pose, and their residual. Lengths in mm, angles in degrees.

A region of `side_mm` at the object lies around the projection of a 3-D point under the current pose; its width on the
detector is side_mm D / t_z and its orientation t_theta (Miao, Wang, Liao 2016, section III-B). Regions are written in
the plane z = 1 of the camera ("rays"), where they are square whatever the detector's pixels are.

The paper names no normalisation. Ours: the DRR is saturated as a detector with scatter would, each patch loses its
mean (an X-ray's open beam is unknown), and all patches of a picture are divided by their common deviation (so is its
contrast).
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Points
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.sampling import sample_bilinear_twin, warp_into

__all__ = ["PATCH_PX", "crop", "crop_twin", "in_patch_axes", "local_residual", "patch_rays"]

PATCH_PX = 52
_LARGEST = 4.0
"""Normalised residuals are cut here: a wire or a collimator's edge must not drown the object."""


def patch_rays(six: Float64, points_mm: Points, frame: Pose6Frame, side_mm: float, size_px: int) -> Float64:
    """Return for each point the matrix that takes patch pixels (u, v, 1) to rays (x, y, 1), shape (n, 3, 3)."""
    points_camera = transform(pose_from_six(six, frame), points_mm)
    pitch = side_mm / (size_px * six[2])
    theta = np.deg2rad(six[3])
    c, s = pitch * np.cos(theta), pitch * np.sin(theta)
    rays = np.zeros((len(points_mm), 3, 3))
    rays[:, :2, :2] = [[c, -s], [s, c]]
    middle = (size_px - 1) / 2
    rays[:, :2, 2] = points_camera[:, :2] / points_camera[:, 2:] - rays[0, :2, :2] @ [middle, middle]
    rays[:, 2, 2] = 1.0
    return rays


def in_patch_axes(change: Float64, theta_deg: float | Float64) -> Float64:
    """Return changes (..., 6) with t_x and t_y along the patches' axes, which stand at `theta_deg` in the image.

    What a patch shows does not tell how it stands, so the regressors learn shifts in its own axes.
    """
    theta = np.deg2rad(theta_deg)
    c, s = np.cos(theta), np.sin(theta)
    turned = np.array(change, dtype=np.float64)
    turned[..., 0] = c * change[..., 0] + s * change[..., 1]
    turned[..., 1] = c * change[..., 1] - s * change[..., 0]
    return turned


def crop(image: Float32, pixel_from_patch: Float64, size_px: int) -> Float32:
    """Return the image sampled at pixel_from_patch[n] @ (u, v, 1), bilinear, border repeated, (n, size, size)."""
    out = np.empty((len(pixel_from_patch), size_px, size_px), np.float32)
    _crop(np.asarray(image, np.float32), np.ascontiguousarray(pixel_from_patch, np.float64), out)
    return out


def crop_twin(image: Float32, pixel_from_patch: Float64, size_px: int) -> Float32:
    """Return what `crop` returns, in plain NumPy: its specification."""
    v, u = np.mgrid[0:size_px, 0:size_px]
    rays = pixel_from_patch @ np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    seen = sample_bilinear_twin(image, rays[:, 0] / rays[:, 2], rays[:, 1] / rays[:, 2])
    return seen.reshape(-1, size_px, size_px).astype(np.float32)


def local_residual(drr: Float32, xray: Float32) -> Float32:
    """Return DRR minus X-ray patches, float32 (..., n, size, size), both normalised as the module says."""
    return _normalise(saturate(drr)) - _normalise(xray)


def _normalise(patches: Float32) -> Float32:
    level = patches - patches.mean(axis=(-2, -1), keepdims=True)
    deviation = np.sqrt((level * level).mean(axis=(-3, -2, -1), keepdims=True))
    return np.asarray(np.clip(level / (deviation + 1e-3), -_LARGEST, _LARGEST), np.float32)


@njit(cache=True, fastmath=True)
def _crop(image: Float32, pixel_from_patch: Float64, out: Float32) -> None:
    for n in range(out.shape[0]):
        warp_into(image, pixel_from_patch[n], out[n])
