"""The slow, clear renderers that specify the fast ones. Lengths in mm.

`ReferenceRenderer` cuts each ray where it enters and leaves the box of voxel centres, samples it at the midpoints of
equal steps of at most `step_mm`, and sums the samples. Interpolation is SciPy's linear `map_coordinates`.
"""

import numpy as np
from scipy.ndimage import map_coordinates

from fluoropose.arrays import Float32, Float64, Mat44, Vec3
from fluoropose.drr.renderer import AbstractRenderer, ray_frame, steepest_axis
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume

__all__ = ["ReferencePlanes", "ReferenceRenderer", "box_interval"]

_CHUNK_SAMPLES = 2_000_000
"""The most samples in memory at once: about 50 MB of coordinates."""


class ReferenceRenderer(AbstractRenderer):
    """A renderer by NumPy and SciPy. It costs O(rays x samples): seconds for 512 x 512 rays through a fine volume."""

    def __init__(self, volume: Volume, step_mm: float) -> None:
        """Keep the volume; `step_mm` is the largest distance between samples along a ray."""
        self.volume = volume
        self.step_mm = step_mm

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        rays = ray_frame(self.volume, camera, camera_from_volume)
        u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
        pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1)
        slopes: Float64 = np.asarray(pixels @ rays.index_from_pixel.T, dtype=np.float64)
        near, far = box_interval(rays.origin, slopes, np.array(self.volume.values.shape) - 1.0)
        lengths_mm = (far - near) * np.linalg.norm(pixels @ rays.direction_from_pixel.T, axis=1)
        image = np.zeros(u.size)
        hit = np.flatnonzero(lengths_mm > 0)
        if len(hit):
            steps = int(np.ceil(lengths_mm[hit].max() / self.step_mm))
            for some in np.array_split(hit, 1 + len(hit) * steps // _CHUNK_SAMPLES):
                means = self._mean_along(rays.origin, slopes[some], near[some], far[some], steps)
                image[some] = means * lengths_mm[some]
        return image.reshape(camera.rows, camera.columns).astype(np.float32)

    def _mean_along(self, origin: Vec3, slopes: Float64, near: Float64, far: Float64, steps: int) -> Float64:
        """Return the mean attenuation in 1/mm between depths `near` and `far` of each ray."""
        middles = (np.arange(steps) + 0.5) / steps
        depths = near[:, None] + (far - near)[:, None] * middles
        index = origin + depths[..., None] * slopes[:, None, :]
        samples = map_coordinates(self.volume.values, np.moveaxis(index, -1, 0), order=1, mode="nearest")
        return np.asarray(samples.mean(axis=1), dtype=np.float64)


class ReferencePlanes(AbstractRenderer):
    """Joseph's method: a ray's integral is the sum of its samples in planes, each times the length next to its plane.

    The planes of voxel centres are those across the axis of which the picture's middle ray crosses most. A ray ends at
    the box.
    """

    def __init__(self, volume: Volume) -> None:
        """Keep the volume."""
        self.volume = volume

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        rays = ray_frame(self.volume, camera, camera_from_volume)
        u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
        pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1)
        slopes: Float64 = np.asarray(pixels @ rays.index_from_pixel.T, dtype=np.float64)
        upper = np.array(self.volume.values.shape) - 1.0
        near, far = box_interval(rays.origin, slopes, upper)
        steep = steepest_axis(rays, camera)
        ends = np.sort(rays.origin[steep] + np.stack([near, far]) * slopes[:, steep], axis=0)
        image = np.zeros(u.size)
        for plane in range(self.volume.values.shape[steep]):
            depths = (plane - rays.origin[steep]) / slopes[:, steep]
            places = np.clip(rays.origin + depths[:, None] * slopes, 0.0, upper)
            shares = np.clip(np.minimum(ends[1], plane + 0.5) - np.maximum(ends[0], plane - 0.5), 0.0, None)
            image += np.where(far > near, shares, 0.0) * map_coordinates(self.volume.values, places.T, order=1)
        image *= np.linalg.norm(pixels @ rays.direction_from_pixel.T, axis=1) / np.abs(slopes[:, steep])
        return image.reshape(camera.rows, camera.columns).astype(np.float32)


def box_interval(origin: Vec3, slopes: Float64, upper: Vec3) -> tuple[Float64, Float64]:
    """Return the depths between which the rays origin + depth * slope lie in the box [0, upper] (slab method).

    `slopes` have the shape (n, 3), both results (n,). The two are equal for a ray that misses the box and for a box
    behind the source.
    """
    safe = np.where(np.abs(slopes) < 1e-12, 1e-12, slopes)
    first, second = -origin / safe, (upper - origin) / safe
    near = np.maximum(np.minimum(first, second).max(axis=1), 0.0)
    far = np.maximum(first, second).min(axis=1)
    return near, np.maximum(far, near)
