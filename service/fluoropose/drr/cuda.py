"""Renderers on a CUDA device: the volume stays there, and one launch renders up to 64 pictures of it.

They return what `drr.planes` and `drr.cpu` return (tested). Work is queued in a stream of its own, beside that of the
networks, and has been done when a method returns. They are compiled when they first render, which takes seconds.
"""

import threading
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import config, cuda
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cuda_kernels import (
    NEVER,
    clip_tiles,
    place_pictures,
    reset_tiles,
    round_pictures,
    sum_planes,
    sum_steps,
)
from fluoropose.drr.cuda_memory import CudaPictures, copy_to_device, device_errors, own_stream
from fluoropose.drr.cuda_tables import AXES, GEOMETRY, ray_tables
from fluoropose.drr.occupied_blocks import TILE, occupied_blocks
from fluoropose.drr.pictures import ViewPictures
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.drr.renderer_maker import AbstractRendererMaker
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume

__all__ = ["CudaPlaneRenderer", "CudaRenderer", "CudaRendererMaker"]

_AT_ONCE = 16
"""Pictures of a launch while a frame may wait for the device: a quarter of what a launch of a whole tile takes."""

_MOST_AT_ONCE = 64
_MOST_PIXELS = 2**22
"""Pictures, and pixels, of any launch."""

_THREADS = (8, 8, 1)
_THREADS_PER_BLOCK = 64

# A launch for one picture is small, and numba would warn of it.
config.CUDA_LOW_OCCUPANCY_WARNINGS = 0


def _launches(count: int, camera: Camera) -> list[slice]:
    """Return which pictures of a camera each launch renders."""
    size = min(_MOST_AT_ONCE, max(1, _MOST_PIXELS // (camera.rows * camera.columns)))
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def _grid(columns: int, rows: int, count: int) -> tuple[int, int, int]:
    """Return how many blocks of threads a launch has that writes so many pictures."""
    return -(-columns // _THREADS[0]), -(-rows // _THREADS[1]), count


@dataclass(frozen=True, slots=True, eq=False)
class _Buffers:
    """Arrays on the device for pictures of one size, as many as one launch renders."""

    pictures: Any
    halves: Any
    tiles: Any
    geometry: Any
    axes: Any
    places: Any

    @property
    def nbytes(self) -> int:
        return sum(int(array.nbytes) for array in (self.pictures, self.halves, self.tiles))


def _make_buffers(count: int, rows: int, columns: int) -> _Buffers:
    tiles = (count, 2, -(-rows // TILE), -(-columns // TILE))
    return _Buffers(
        cuda.device_array((count, rows, columns), np.float32),
        cuda.device_array((count, rows, columns), np.float16),
        cuda.device_array(tiles, np.int32),
        cuda.device_array((count, GEOMETRY), np.float64),
        cuda.device_array((count, AXES), np.int64),
        cuda.device_array(count, np.int64),
    )


class _BatchRenderer(AbstractRenderer):
    """What both renderers have in common; threads take turns."""

    def __init__(self, volume: Volume, turns: AbstractContextManager[Any] | None = None) -> None:
        """Copy the volume to the device. `turns` is held, if given, while anything is done there."""
        self.volume = volume
        self._lock = threading.Lock() if turns is None else turns
        self._buffers: _Buffers | None = None
        with self._lock, device_errors():
            self._flat = copy_to_device(volume.values.reshape(-1), np.float32)

    @property
    def at_once(self) -> int:
        """How many pictures are best rendered by one call while a frame may wait for the next."""
        return _AT_ONCE

    @property
    def device_bytes(self) -> int:
        """How many bytes of the device's memory it takes; those of its pictures from the first one on."""
        return int(self._flat.nbytes) + (0 if self._buffers is None else self._buffers.nbytes)

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        return np.asarray(self.render_views(camera, [camera_from_volume])[0], np.float32)

    def render_views(self, camera: Camera, poses: Sequence[Mat44]) -> Float32:
        """Return the line integrals at several poses, float32 (poses, rows, columns)."""
        out = np.empty((len(poses), camera.rows, camera.columns), np.float32)
        for part in _launches(len(poses), camera):
            with self._lock, device_errors():
                buffers = self._render(camera, poses[part])
                buffers.pictures[: len(out[part])].copy_to_host(out[part], stream=own_stream())
                own_stream().synchronize()
        return out

    def render_into(
        self, camera: Camera, poses: Sequence[Mat44], pictures: ViewPictures, places: Sequence[int]
    ) -> None:
        """Write the line integrals at several poses as pictures to their places, cut at `MOST_STORED`."""
        numbers = np.array(places, np.int64)
        for part in _launches(len(poses), camera):
            halves = np.empty((len(numbers[part]), camera.rows, camera.columns), np.float16)
            with self._lock, device_errors():
                self._round(self._render(camera, poses[part]), halves, pictures, numbers[part])
            pictures.host[numbers[part]] = halves
        if not isinstance(pictures, CudaPictures):
            pictures.send(places)

    def _render(self, camera: Camera, poses: Sequence[Mat44]) -> _Buffers:
        """Queue the rendering of pictures and return where they will be."""
        buffers = self._buffers_for(camera, len(poses))
        geometry, axes = ray_tables(self.volume, camera, poses, steepest_first=self._by_planes)
        count = len(poses)
        buffers.geometry[:count].copy_to_device(geometry, stream=own_stream())
        buffers.axes[:count].copy_to_device(axes, stream=own_stream())
        self._launch(camera, count, buffers)
        return buffers

    def _round(
        self, buffers: _Buffers, halves: NDArray[np.float16], pictures: ViewPictures, places: NDArray[np.int64]
    ) -> None:
        """Copy rendered pictures as float16 to `halves`, and to their places on the device."""
        count, rows, columns = halves.shape
        rounded = buffers.halves[:count]
        grid, stream = _grid(columns, rows, count), own_stream()
        round_pictures[grid, _THREADS, stream](buffers.pictures, rounded)
        if isinstance(pictures, CudaPictures):
            to = buffers.places[:count]
            to.copy_to_device(places, stream=stream)
            place_pictures[grid, _THREADS, stream](rounded, to, pictures.device)
        rounded.copy_to_host(halves, stream=stream)
        stream.synchronize()

    def _buffers_for(self, camera: Camera, count: int) -> _Buffers:
        """Return the buffers for a camera's pictures, those of the last launch if they are large enough."""
        kept = self._buffers
        if kept is None or kept.pictures.shape[0] < count or kept.pictures.shape[1:] != (camera.rows, camera.columns):
            kept = self._buffers = _make_buffers(count, camera.rows, camera.columns)
        return kept

    _by_planes = False

    @abstractmethod
    def _launch(self, camera: Camera, count: int, buffers: _Buffers) -> None:
        """Queue the kernels that write `count` pictures."""


class CudaPlaneRenderer(_BatchRenderer):
    """`planes.PlaneRenderer` on a CUDA device, for fields of view of less than 90 degrees."""

    _by_planes = True

    def __init__(self, volume: Volume, turns: AbstractContextManager[Any] | None = None) -> None:
        """Copy the volume and its occupied blocks to the device."""
        super().__init__(volume, turns)
        blocks = occupied_blocks(volume.values)
        self._blocks = None
        if len(blocks):
            with self._lock, device_errors():
                self._blocks = copy_to_device(blocks, np.int32)

    def _launch(self, camera: Camera, count: int, buffers: _Buffers) -> None:
        tiles, axes, geometry, stream = (
            buffers.tiles[:count],
            buffers.axes[:count],
            buffers.geometry[:count],
            own_stream(),
        )
        every = (0, NEVER) if self._blocks is None else (NEVER, -1)
        reset_tiles[_grid(tiles.shape[3], tiles.shape[2], count), _THREADS, stream](tiles, *every)
        if self._blocks is not None:
            groups = -(-int(self._blocks.shape[0]) // _THREADS_PER_BLOCK)
            clip_tiles[(groups, count), (_THREADS_PER_BLOCK, 1), stream](
                self._blocks, axes, geometry, camera.rows, camera.columns, tiles
            )
        grid = _grid(camera.columns, camera.rows, count)
        sum_planes[grid, _THREADS, stream](self._flat, axes, geometry, tiles, buffers.pictures)


class CudaRenderer(_BatchRenderer):
    """`cpu.CpuRenderer` on a CUDA device, for any camera."""

    def __init__(self, volume: Volume, step_mm: float, turns: AbstractContextManager[Any] | None = None) -> None:
        """Copy the volume to the device; `step_mm` is the largest distance between samples along a ray."""
        super().__init__(volume, turns)
        self.step_mm = step_mm

    def _launch(self, camera: Camera, count: int, buffers: _Buffers) -> None:
        grid = _grid(camera.columns, camera.rows, count)
        axes, geometry = buffers.axes[:count], buffers.geometry[:count]
        sum_steps[grid, _THREADS, own_stream()](self._flat, axes, geometry, float(self.step_mm), buffers.pictures)


class CudaRendererMaker(AbstractRendererMaker):
    """Makes renderers on a CUDA device, and room for pictures there as well as on the host."""

    label = "cuda:0"
    copies = 2

    def __init__(self, turns: AbstractContextManager[Any] | None = None) -> None:
        """Hold `turns`, if given, while anything is done on the device."""
        self._turns = turns

    def make_renderer(self, volume: Volume) -> AbstractRenderer:
        """Return a renderer for any camera, with steps of a voxel."""
        return CudaRenderer(volume, default_step_mm(volume), self._turns)

    def make_view_renderer(self, volume: Volume) -> AbstractRenderer:
        """Return a renderer of cached views, by planes."""
        return CudaPlaneRenderer(volume, self._turns)

    def make_pictures(self, shape: tuple[int, int, int]) -> ViewPictures:
        """Return room for pictures, (places, rows, columns), on the host and on the device."""
        return CudaPictures(shape, self._turns)
