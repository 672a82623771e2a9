"""The rays of many pictures of a volume as tables, which the kernels of `drr.cuda_kernels` read a row of each.

    geometry: origin (3), index_from_pixel (9), direction_from_pixel (9), the inverse of index_from_pixel (9)
    axes: shape (3) and strides (3) of the flat volume, which of the volume's axes each is (3)

with the index axes in the order in which a kernel takes them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.drr.renderer import ray_frame, steepest_axis
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume

__all__ = ["AXES", "GEOMETRY", "ray_tables", "ray_tables_twin"]

GEOMETRY = 30
"""Numbers of a picture."""

AXES = 9
"""Integers of a picture."""


def ray_tables(
    volume: Volume, camera: Camera, poses: Sequence[Mat44], *, steepest_first: bool
) -> tuple[Float64, NDArray[np.int64]]:
    """Return geometry (poses, 30) and axes (poses, 9) of pictures at several poses, `camera_from_volume`.

    With `steepest_first` the axis along which the middle ray crosses most planes comes first.
    """
    camera_from_volume = np.asarray(poses, np.float64)
    rotations = np.swapaxes(camera_from_volume[:, :3, :3], 1, 2)
    positions = -(rotations @ camera_from_volume[:, :3, 3:])
    index_from_lps = np.linalg.inv(volume.lps_from_index)
    direction_from_pixel = np.linalg.inv(camera.intrinsic_matrix)
    origins = (index_from_lps[:3, :3] @ positions)[..., 0] + index_from_lps[:3, 3]
    index_from_pixel = index_from_lps[:3, :3] @ rotations @ direction_from_pixel

    first = np.zeros(len(poses), np.int64)
    if steepest_first:
        middle = index_from_pixel @ [(camera.columns - 1) / 2, (camera.rows - 1) / 2, 1.0]
        first = np.argmax(np.abs(middle), axis=1)
    order = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1]])[first]
    ordered = np.take_along_axis(index_from_pixel, order[:, :, None], axis=1)

    geometry = np.empty((len(poses), GEOMETRY))
    geometry[:, :3] = np.take_along_axis(origins, order, axis=1)
    geometry[:, 3:12] = ordered.reshape(-1, 9)
    geometry[:, 12:21] = direction_from_pixel.ravel()
    geometry[:, 21:] = np.linalg.inv(ordered).reshape(-1, 9)
    shape, strides = _shape_and_strides(volume)
    return geometry, np.hstack([shape[order], strides[order], order])


def ray_tables_twin(
    volume: Volume, camera: Camera, poses: Sequence[Mat44], *, steepest_first: bool
) -> tuple[Float64, NDArray[np.int64]]:
    """Return what `ray_tables` does, pose by pose."""
    shape, strides = _shape_and_strides(volume)
    geometry: list[Any] = []
    axes: list[Any] = []
    for pose in poses:
        rays = ray_frame(volume, camera, pose)
        steep = steepest_axis(rays, camera) if steepest_first else 0
        order = [steep, *(axis for axis in range(3) if axis != steep)]
        ordered = rays.index_from_pixel[order]
        parts = (rays.origin[order], ordered, rays.direction_from_pixel, np.linalg.inv(ordered))
        geometry.append(np.concatenate([part.ravel() for part in parts]))
        axes.append(np.concatenate([shape[order], strides[order], order]))
    return np.array(geometry), np.array(axes, np.int64)


def _shape_and_strides(volume: Volume) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    shape = np.array(volume.values.shape, np.int64)
    return shape, np.array([shape[1] * shape[2], shape[2], 1], np.int64)
