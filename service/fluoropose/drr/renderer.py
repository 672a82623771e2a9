"""The interface of DRR renderers: perspective line integrals, dimensionless.

    I(u, v) = integral over the ray from the source to pixel (u, v) of attenuation (1/mm) dl (mm)

(Miao, Wang, Liao 2016, eqs 1-3). The volume is interpolated linearly between voxel centres and is 0 outside the box of
the voxel centres. A ray ends where it leaves that box, even if the detector is nearer.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33, Mat44, Vec3
from fluoropose.drr.pictures import MOST_STORED, ViewPictures
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import inverse
from fluoropose.imaging.volume import Volume

__all__ = ["AbstractRenderer", "RayFrame", "ray_frame", "steepest_axis"]


@dataclass(frozen=True, slots=True, eq=False)
class RayFrame:
    """Rays in the volume's index space: index(pixel, depth) = origin + depth * (index_from_pixel @ (u, v, 1)).

    `depth` is z in the camera, mm. `direction_from_pixel` takes a pixel to its ray's direction in the camera at z = 1,
    whose length is the mm of ray per mm of depth.
    """

    origin: Vec3
    index_from_pixel: Mat33
    direction_from_pixel: Mat33


class AbstractRenderer(ABC):
    """A renderer of one object (attenuation in 1/mm) for any camera and pose.

    `averages_pixels` tells whether a pixel is the mean of what its whole area lets through, and not one ray.
    """

    averages_pixels: bool = False

    @abstractmethod
    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""

    @property
    def at_once(self) -> int:
        """How many pictures are best rendered by one call while a frame may wait for the next."""
        return 1

    @property
    def device_bytes(self) -> int:
        """How many bytes of a device's memory it takes."""
        return 0

    def render_views(self, camera: Camera, poses: Sequence[Mat44]) -> Float32:
        """Return the line integrals at several poses, float32 (poses, rows, columns)."""
        out = np.empty((len(poses), camera.rows, camera.columns), np.float32)
        for image, pose in zip(out, poses, strict=True):
            image[...] = self.render(camera, pose)
        return out

    def render_into(
        self, camera: Camera, poses: Sequence[Mat44], pictures: ViewPictures, places: Sequence[int]
    ) -> None:
        """Write the line integrals at several poses as pictures to their places, cut at `MOST_STORED`."""
        for pose, place in zip(poses, places, strict=True):
            pictures.host[place] = np.minimum(self.render(camera, pose), MOST_STORED)
        pictures.send(places)


def ray_frame(volume: Volume, camera: Camera, camera_from_volume: Mat44) -> RayFrame:
    """Return the rays of a camera in the index space of a volume."""
    volume_from_camera = inverse(camera_from_volume)
    index_from_lps: Float64 = np.linalg.inv(volume.lps_from_index)
    index_from_camera = index_from_lps @ volume_from_camera
    direction_from_pixel = np.linalg.inv(camera.intrinsic_matrix)
    return RayFrame(index_from_camera[:3, 3], index_from_camera[:3, :3] @ direction_from_pixel, direction_from_pixel)


def steepest_axis(rays: RayFrame, camera: Camera) -> int:
    """Return the index axis along which the ray through the picture's middle crosses most planes of voxel centres."""
    middle = rays.index_from_pixel @ [(camera.columns - 1) / 2, (camera.rows - 1) / 2, 1.0]
    return int(np.argmax(np.abs(middle)))
