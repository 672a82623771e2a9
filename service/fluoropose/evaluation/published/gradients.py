"""Which 3-D points make the edges of a DRR: the gradient-formation rule. Lengths in mm.

The picture's gradient is a sum along the ray, g(p) = integral of eta(L(p, r)) dr. A pixel is kept if one place of the
object explains it: with r0 = argmax eta, the integral over r0 +- 2 mm must reach 0.9 g(p); the point is L(p, r0)
(Miao, Wang, Liao 2016, eqs 10 to 12). The share is returned, so that smooth objects can be met half-way. Here eta is
the difference of attenuation between the rays half a pixel to either side, along the picture's own gradient: summed
over r it is exactly the DRR's central difference.
"""

import numpy as np
from scipy.ndimage import map_coordinates

from fluoropose.arrays import Float32, Float64, Mat44, Points
from fluoropose.drr.renderer import ray_frame
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.imaging.volume import Volume

__all__ = ["edge_pixels", "edge_points"]

GRADIENT_SHARE = 0.2
"""An edge pixel's gradient over the picture's 99th percentile of gradients; the paper names no value."""

_REACH_MM = 2.0


def edge_pixels(drr: Float32, most: int, rng: np.random.Generator) -> Float64:
    """Return pixels (u, v) of strong gradient, at most `most` of them drawn at random, shape (n, 2)."""
    down, along = np.gradient(np.asarray(drr, np.float64))
    strength = np.hypot(down, along)
    v, u = np.nonzero(strength > GRADIENT_SHARE * np.percentile(strength[strength > 0], 99.0))
    chosen = rng.permutation(len(u))[:most]
    return np.stack([u[chosen], v[chosen]], axis=1).astype(np.float64)


def edge_points(volume: Volume, camera: Camera, camera_from_volume: Mat44, pixels: Float64) -> tuple[Points, Float64]:
    """Return for each pixel its 3-D point in the volume, (n, 3), and the share of the gradient it explains, (n,)."""
    depths = _depths(volume, camera_from_volume)
    across = _difference(volume, camera, camera_from_volume, pixels, depths, np.array([0.5, 0.0]))
    down = _difference(volume, camera, camera_from_volume, pixels, depths, np.array([0.0, 0.5]))
    along_u, along_v = across.sum(axis=1), down.sum(axis=1)
    strength = np.hypot(along_u, along_v) + 1e-12
    eta = (across * along_u[:, None] + down * along_v[:, None]) / strength[:, None]
    peak = eta.argmax(axis=1)
    near = np.abs(depths[None, :] - depths[peak][:, None]) <= _REACH_MM
    explained = (eta * near).sum(axis=1) / np.maximum(eta.sum(axis=1), 1e-12)
    rays = np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1) @ np.linalg.inv(camera.intrinsic_matrix).T
    points_camera = rays * depths[peak][:, None]
    return transform(inverse(camera_from_volume), points_camera), explained


def _depths(volume: Volume, camera_from_volume: Mat44) -> Float64:
    """Return depths (z in the camera) half a voxel apart through the whole volume."""
    ends = np.array(volume.values.shape) - 1.0
    corners = np.array([[a, b, c] for a in (0, ends[0]) for b in (0, ends[1]) for c in (0, ends[2])])
    lps = corners @ volume.lps_from_index[:3, :3].T + volume.lps_from_index[:3, 3]
    z = transform(camera_from_volume, lps)[:, 2]
    return np.arange(z.min(), z.max(), 0.5 * float(volume.spacing_mm.min()))


def _difference(
    volume: Volume, camera: Camera, camera_from_volume: Mat44, pixels: Float64, depths: Float64, half: Float64
) -> Float64:
    """Return attenuation beyond minus before each pixel along `half`, per depth, (n, depths)."""
    return _attenuation(volume, camera, camera_from_volume, pixels + half, depths) - _attenuation(
        volume, camera, camera_from_volume, pixels - half, depths
    )


def _attenuation(
    volume: Volume, camera: Camera, camera_from_volume: Mat44, pixels: Float64, depths: Float64
) -> Float64:
    rays = ray_frame(volume, camera, camera_from_volume)
    slopes = np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1) @ rays.index_from_pixel.T
    index = rays.origin + depths[None, :, None] * slopes[:, None, :]
    return np.asarray(map_coordinates(volume.values, np.moveaxis(index, -1, 0), order=1, mode="constant"))
