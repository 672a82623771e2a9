"""A search for the object without a start: cached views, turned and scaled, are correlated with the whole frame.

The best matches become starts. The caller registers from each and keeps the surest. Angles in rad unless named
otherwise, lengths in mm.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import map_coordinates

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rotation import about_z, smallest_rotation
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.filters import local_contrast

__all__ = ["SearchGrid", "candidate_poses"]


@dataclass(frozen=True, slots=True)
class SearchGrid:
    """How densely to search: the template's side in pixels, steps in degrees, ranges as shares of nominal."""

    template_px: int = 32
    out_of_plane_step_deg: float = 12.0
    theta_step_deg: float = 15.0
    range_shares: tuple[float, ...] = (0.92, 1.0, 1.08)
    keep: int = 10


def candidate_poses(
    frame: Float32, camera: Camera, atlas: AbstractAtlas, grid: SearchGrid = SearchGrid()
) -> list[Mat44]:
    """Return likely poses, the best match first.

    Parameters
    ----------
    frame : float32 (rows, columns)
        Line integrals as the steppers get them; `camera` is that frame's.
    """
    zoom = grid.template_px * camera.focal_px * atlas.view.field_mm / atlas.view.range_mm
    per_px = zoom / grid.template_px / grid.template_px
    search = _shrink(frame, per_px)
    views = atlas.expected_views(grid.out_of_plane_step_deg)
    thetas = np.deg2rad(np.arange(-180.0, 180.0, grid.theta_step_deg))
    shape = tuple(next_fast_len(n + grid.template_px, real=True) for n in search.shape)
    frame_fft = rfft2(search, shape)
    matches: list[tuple[float, int, float, float, int, int]] = []
    templates = {index: _template(atlas, index, grid.template_px) for index in views}
    for share in grid.range_shares:
        for theta in thetas:
            stack = np.stack([_turn_template(templates[index], theta, share) for index in views])
            scores = irfft2(np.conj(rfft2(stack, shape)) * frame_fft, shape)[:, : search.shape[0], : search.shape[1]]
            for n, index in enumerate(views):
                peak = int(np.argmax(scores[n]))
                row, column = divmod(peak, search.shape[1])
                matches.append((float(scores[n, row, column]), index, float(theta), share, row, column))
    matches.sort(reverse=True)
    half = (grid.template_px - 1) / 2
    poses: list[Mat44] = []
    for _, index, theta, share, row, column in matches:
        centre_px = (np.array([column + half, row + half]) + 0.5) * per_px - 0.5
        poses.append(_pose(centre_px, index, theta, share, camera, atlas))
        if len(poses) == grid.keep:
            break
    return poses


def _shrink(frame: Float32, per_px: float) -> Float32:
    """Return the frame's local contrast on a grid `per_px` coarser, sides multiples of 8."""
    rows, columns = (max(16, int(n / per_px) // 8 * 8) for n in frame.shape)
    whole = max(1, round(per_px))
    binned = frame[: frame.shape[0] // whole * whole, : frame.shape[1] // whole * whole]
    binned = binned.reshape(frame.shape[0] // whole, whole, frame.shape[1] // whole, whole).mean(axis=(1, 3))
    v, u = np.mgrid[0:rows, 0:columns].astype(np.float64)
    at = [((v + 0.5) * per_px - 0.5 + 0.5) / whole - 0.5, ((u + 0.5) * per_px - 0.5 + 0.5) / whole - 0.5]
    small = np.asarray(map_coordinates(binned, at, order=1, mode="nearest"), np.float32)
    return local_contrast(small, 8)


def _template(atlas: AbstractAtlas, index: int, size: int) -> Float32:
    image = saturate(atlas.line_integrals(index)[0])
    block = image.shape[0] // size
    small = image[: size * block, : size * block].reshape(size, block, size, block).mean(axis=(1, 3))
    return local_contrast(np.asarray(small, np.float32), 8)


def _turn_template(template: Float32, theta: float, share: float) -> Float64:
    """Return the template turned by theta and seen from `share` times the range, zero mean and unit length."""
    half = (template.shape[0] - 1) / 2
    v, u = np.mgrid[0 : template.shape[0], 0 : template.shape[1]] - half
    c, s = np.cos(theta) * share, np.sin(theta) * share
    turned = map_coordinates(template, [c * v - s * u + half, s * v + c * u + half], order=1, cval=0.0)
    turned = turned - turned.mean()
    return np.asarray(turned / (np.linalg.norm(turned) + 1e-6))


def _pose(centre_px: Float64, index: int, theta: float, share: float, camera: Camera, atlas: AbstractAtlas) -> Mat44:
    ray = np.linalg.solve(camera.intrinsic_matrix, np.array([centre_px[0], centre_px[1], 1.0]))
    camera_from_canonical = smallest_rotation(ray) @ about_z(theta)
    centre_mm = np.array([0.0, 0.0, atlas.view.range_mm * share])
    return pose_from_canonical(camera_from_canonical, atlas.rotation(index), centre_mm, atlas.view)
