"""The slow, clear renderers that specify the fast ones. Lengths in mm.

`ReferenceRenderer` cuts each ray where it enters and leaves the box of voxel centres, samples it at the midpoints of
equal steps of at most `step_mm`, and sums the samples. Interpolation is SciPy's linear `map_coordinates`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from fluoropose.arrays import Float32, Float64, Mat44, Vec3
from fluoropose.drr.renderer import AbstractRenderer, ray_frame, steepest_axis
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume

__all__ = ["CrossingRays", "ReferencePlanes", "ReferenceRenderer", "box_interval", "find_crossing_rays"]

_CHUNK_SAMPLES = 2_000_000
"""The most samples in memory at once: about 50 MB of coordinates."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossingRays:
    """The rays of a picture that cross a volume's box, each cut into `steps` equal parts of at most the wanted length.

    Attributes
    ----------
    pixels : the rays' places in the picture, row by row, (n,)
    origin : the source in the volume's index space, (3,)
    slopes : the change of the index per mm of depth, (n, 3)
    near, far : the depths between which each ray is in the box, mm, (n,)
    lengths_mm : the length of each ray in the box, (n,)
    steps : the number of parts of each ray
    """

    pixels: NDArray[np.intp]
    origin: Vec3
    slopes: Float64
    near: Float64
    far: Float64
    lengths_mm: Float64
    steps: int

    def take(self, order: NDArray[np.intp]) -> "CrossingRays":
        """Return the rays of these numbers, in this order."""
        return CrossingRays(
            self.pixels[order], self.origin, self.slopes[order], self.near[order], self.far[order],
            self.lengths_mm[order], self.steps,
        )  # fmt: skip


def find_crossing_rays(volume: Volume, camera: Camera, camera_from_volume: Mat44, step_mm: float) -> CrossingRays:
    """Return the rays that cross the box of voxel centres; the longest decides how many steps each has."""
    rays = ray_frame(volume, camera, camera_from_volume)
    u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
    pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1)
    slopes: Float64 = np.asarray(pixels @ rays.index_from_pixel.T, dtype=np.float64)
    near, far = box_interval(rays.origin, slopes, np.array(volume.values.shape) - 1.0)
    lengths_mm = (far - near) * np.linalg.norm(pixels @ rays.direction_from_pixel.T, axis=1)
    hit = np.flatnonzero(lengths_mm > 0)
    steps = int(np.ceil(lengths_mm[hit].max(initial=0.0) / step_mm))
    return CrossingRays(hit, rays.origin, slopes[hit], near[hit], far[hit], lengths_mm[hit], steps)


class ReferenceRenderer(AbstractRenderer):
    """A renderer by NumPy and SciPy. It costs O(rays x samples): seconds for 512 x 512 rays through a fine volume."""

    def __init__(self, volume: Volume, step_mm: float) -> None:
        """Keep the volume; `step_mm` is the largest distance between samples along a ray."""
        self.volume = volume
        self.step_mm = step_mm

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        rays = find_crossing_rays(self.volume, camera, camera_from_volume, self.step_mm)
        image = np.zeros(camera.rows * camera.columns)
        count = len(rays.pixels)
        for some in np.array_split(np.arange(count), 1 + count * rays.steps // _CHUNK_SAMPLES):
            part = rays.take(some)
            if len(some):
                image[part.pixels] = self._mean_along(part) * part.lengths_mm
        return image.reshape(camera.rows, camera.columns).astype(np.float32)

    def _mean_along(self, rays: CrossingRays) -> Float64:
        """Return the mean attenuation in 1/mm along each ray in the box."""
        middles = (np.arange(rays.steps) + 0.5) / rays.steps
        depths = rays.near[:, None] + (rays.far - rays.near)[:, None] * middles
        index = rays.origin + depths[..., None] * rays.slopes[:, None, :]
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
