"""The networks of a case on its device: atlas and frames stay there, and a step sends homographies and indices only.

Buffers are bound once and keep their addresses, from the first frame of a size on. On a GPU the full graph of a
network runs. On a CPU compiled code warps the frame, which is four times as fast, and the warped graph runs.
"""

import threading
from abc import ABC, abstractmethod
from contextlib import nullcontext
from copy import copy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.imaging.half_precision import to_half, to_single
from fluoropose.imaging.sampling import pixel_homography, warp_into
from fluoropose.inference.onnx_runtime import Device, NetworkSession, open_network, place
from fluoropose.parallel import run_parallel
from fluoropose.registration.regression.bundle import NetworkGraphs
from fluoropose.registration.regression.step import AbstractStepper, Regression, solve_regression

__all__ = ["OrtStepper"]

_OUTPUTS = {"information": (6, 6), "vector": (6,), "presence": (1,)}
"""Outputs of a step and their shapes after the batch axis."""

_HOST = Device("cpu", 1)

_ONES: Float64 = np.ones(6)

_FRAME_SIZES = 4
"""How many frame sizes keep their buffers and bindings; the consoles of one room send one or two sizes."""

_CUDA_GRAPH_LOCK = threading.RLock()
"""While a CUDA graph is captured, no other thread may allocate or copy on the device, for this case or another."""


class OrtStepper(AbstractStepper):
    """The networks of one case on one device, for one thread at a time; another thread takes one from `another`."""

    def __init__(
        self, models: dict[str, NetworkGraphs], pictures: NDArray[Any], device: Device, units: Float64 = _ONES
    ) -> None:
        """Open a session for each network and place the atlas.

        Parameters
        ----------
        models : networks by the names that `step` is given
        pictures : the atlas's, float16 (pictures, size, size)
        units : what one unit of each of the networks' outputs is in mm and rad, (6,)
        """
        self._per_unit = 1.0 / units
        self.device = device
        self._models = models
        self._sessions: dict[tuple[str, int], NetworkSession] = {}
        self._frames: dict[tuple[int, ...], _FrameBuffer] = {}
        self._frame: _FrameBuffer | None = None
        self._atlas_host = np.ascontiguousarray(pictures[:, None])
        self._lock = _CUDA_GRAPH_LOCK if device.graphs else nullcontext()
        with self._lock:
            self._atlas = place(self._atlas_host, _HOST)
            for stage in models:
                self._session(stage, 1)

    @property
    def fallback_nodes(self) -> int:
        """How many nodes run on the CPU although the device is another."""
        return sum(session.fallback_nodes for session in list(self._sessions.values()))

    def put_frames(self, line_integrals: Float32) -> None:
        """Copy frames (frames, rows, columns) of line integrals to the device, as float16."""
        shaped = to_half(line_integrals)[:, None]
        with self._lock:
            frame = self._frames.pop(shaped.shape, None)
            if frame is None:
                while len(self._frames) >= _FRAME_SIZES:
                    self._frames.pop(next(iter(self._frames)))
                frame = _FrameBuffer(shaped, self.device)
            else:
                frame.update(shaped)
            self._frames[shaped.shape] = self._frame = frame

    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        """Run one network on a batch of looks; on a CPU with one thread a network each look is a run of its own."""
        parts = _split_batch(len(view_index), self.device)
        with self._lock:
            bindings = [self._binding(stage, part, view_index.shape[1]) for part in parts]
            runs = [
                partial(binding.run, homographies[part], view_index[part], frame_index[part])
                for binding, part in zip(bindings, parts, strict=True)
            ]
            seen = run_parallel(runs)
        information, vector, presence = (np.concatenate(arrays, dtype=np.float64) for arrays in zip(*seen, strict=True))
        per_unit = self._per_unit
        return solve_regression(information * per_unit[:, None] * per_unit[None, :], vector * per_unit, presence[:, 0])

    def another(self) -> "OrtStepper":
        """Return a stepper of the same networks and atlas with frames of its own, for another thread."""
        twin = copy(self)
        twin._frames, twin._frame = {}, None
        return twin

    def _binding(self, stage: str, part: slice, pictures: int) -> "_Binding":
        """Return the binding for a part of a batch with so many pictures a look, made when it is first needed."""
        if self._frame is None:
            raise AssertionError("expected put_frames before step")
        key = (stage, part.start, part.stop, pictures)
        if key not in self._frame.bindings:
            shape = (part.stop - part.start, pictures)
            session = self._session(stage, shape[0])
            self._frame.bindings[key] = (
                _WarpedBinding(session, self._frame.lines, self._atlas, self._atlas_host.shape[-1], shape)
                if self.device.name == "cpu"
                else _FullBinding(session, self._frame.value, self._atlas_host, shape, self.device)
            )
        return self._frame.bindings[key]

    def _session(self, stage: str, batch: int) -> NetworkSession:
        """Return a network for a batch: on the CPU one for all sizes, on a GPU one for each, opened at first need."""
        key = (stage, batch if self.device.name == "cuda" else 1)
        if key not in self._sessions:
            self._sessions[key] = open_network(self._models[stage], self.device, batch)
        return self._sessions[key]


class _FrameBuffer:
    """The memory that holds one instant's frames of one size, and the bindings that read it.

    On a CPU it is `lines`, float32 rounded to float16; on a GPU it is `value`, float16.
    """

    def __init__(self, shaped: NDArray[np.float16], device: Device) -> None:
        self.device = device
        self.lines = np.ascontiguousarray(to_single(shaped)[:, 0])
        self.value = None if device.name == "cpu" else place(shaped, device)
        self.bindings: dict[tuple[str, int, int, int], _Binding] = {}

    def update(self, shaped: NDArray[np.float16]) -> None:
        """Write other frames of the same shape."""
        if self.value is None:
            np.copyto(self.lines, to_single(shaped)[:, 0])
        else:
            self.value.update_inplace(shaped)


class _Binding(ABC):
    """The bound inputs and outputs of one session for one shape of `view_index`."""

    @abstractmethod
    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        """Return the arrays of `_OUTPUTS` for these looks; the next run may overwrite them."""


class _WarpedBinding(_Binding):
    """A session on a CPU of a warped graph."""

    def __init__(
        self, session: NetworkSession, frames: Float32, atlas: Any, size_px: int, shape: tuple[int, int]
    ) -> None:
        self.frames = frames
        self.warped = np.zeros((shape[0], 1, size_px, size_px), np.float32)
        self.index = np.zeros(shape, np.int64)
        self.outputs = [np.zeros((shape[0], *rest), np.float32) for rest in _OUTPUTS.values()]
        inputs = {"warped": place(self.warped, _HOST), "atlas": atlas, "view_index": place(self.index, _HOST)}
        values = [place(array, _HOST) for array in self.outputs]
        self.compute = session.bind(inputs, dict(zip(_OUTPUTS, values, strict=True)))

    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        rows, columns = self.frames.shape[1:]
        for warped, homography, index in zip(self.warped, homographies, frame_index, strict=True):
            warp_into(self.frames[index], pixel_homography(homography, rows, columns), warped[0])
        self.index[...] = view_index
        self.compute()
        return self.outputs


class _FullBinding(_Binding):
    """A session on a GPU of a full graph, which warps the frames there.

    The pictures of the looks are sent with each run, since those of an atlas come and go.
    """

    def __init__(
        self, session: NetworkSession, frame: Any, atlas: NDArray[Any], shape: tuple[int, int], device: Device
    ) -> None:
        batch = shape[0]
        self.atlas_host = atlas
        self.pictures = place(np.zeros((batch * shape[1], *atlas.shape[1:]), np.float16), device)
        self.homography_host = np.zeros((batch, 3, 3), np.float32)
        self.index_host = np.arange(batch * shape[1], dtype=np.int64).reshape(shape)
        self.frame_index_host = np.zeros(batch, np.int64)
        self.homography = place(self.homography_host, device)
        self.index = place(self.index_host, device)
        self.frame_index = place(self.frame_index_host, device)
        self.outputs = [place(np.zeros((batch, *rest), np.float32), device) for rest in _OUTPUTS.values()]
        inputs = {
            "frames": frame,
            "frame_index": self.frame_index,
            "atlas": self.pictures,
            "homography": self.homography,
            "view_index": self.index,
        }
        self.compute = session.bind(inputs, dict(zip(_OUTPUTS, self.outputs, strict=True)))

    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        self.homography_host[...] = homographies
        self.frame_index_host[...] = frame_index
        self.homography.update_inplace(self.homography_host)
        self.pictures.update_inplace(np.ascontiguousarray(self.atlas_host[view_index.ravel()]))
        self.frame_index.update_inplace(self.frame_index_host)
        self.compute()
        return [value.numpy() for value in self.outputs]


def _split_batch(batch: int, device: Device) -> list[slice]:
    """Return the looks of each run: one in each on a CPU whose runs have one thread each, else all in one."""
    size = 1 if device.name == "cpu" and device.threads == 1 else batch
    return [slice(first, first + size) for first in range(0, batch, size)]
