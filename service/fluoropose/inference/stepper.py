"""The networks of a case on its device: atlas and frame stay there, a step sends a homography and an index.

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
from fluoropose.inference.onnx_runtime import Device, NetworkSession, open_network, place
from fluoropose.parallel import run_parallel
from fluoropose.registration.refinement.costs.edge_kernels import warp_into
from fluoropose.registration.regression.bundle import NetworkGraphs
from fluoropose.registration.regression.step import AbstractStepper, Regression, pixel_homography, solved

__all__ = ["OrtStepper"]

_OUTPUTS = {"information": (6, 6), "vector": (6,), "presence": (1,)}
"""Each output and its shape after the batch axis."""

_HOST = Device("cpu", 1)

_FRAME_SIZES = 4
"""Consoles of one room send one or two sizes; a buffer and its bindings are kept for so many."""

_GRAPHS_TURN = threading.RLock()
"""While a graph is captured, no other thread may allocate or copy on the device, whichever case it works on."""


class OrtStepper(AbstractStepper):
    """The networks of one case on one device. Not for two threads at once: another thread has `another`."""

    def __init__(self, models: dict[str, NetworkGraphs], pictures: NDArray[Any], device: Device) -> None:
        """Open a session for each network and place the atlas.

        Parameters
        ----------
        models : networks by the names that `step` is given
        pictures : the atlas's, float16 (pictures, size, size)
        """
        self.device = device
        self._models = models
        self._sessions: dict[tuple[str, int], NetworkSession] = {}
        self._frames: dict[tuple[int, ...], _Frame] = {}
        self._frame: _Frame | None = None
        self._atlas_host = np.ascontiguousarray(pictures[:, None])
        self._turn = _GRAPHS_TURN if device.graphs else nullcontext()
        with self._turn:
            self._atlas = place(self._atlas_host, device)
            for stage in models:
                self._session(stage, 1)

    @property
    def fallback_nodes(self) -> int:
        """How many nodes run on the CPU although the device is another."""
        return sum(session.fallback_nodes for session in list(self._sessions.values()))

    def put_frames(self, line_integrals: Float32) -> None:
        """Copy the frames to the device, once, as float16. Buffers of the last few sizes are kept."""
        shaped = to_half(line_integrals)[:, None]
        with self._turn:
            frame = self._frames.pop(shaped.shape, None)
            if frame is None:
                while len(self._frames) >= _FRAME_SIZES:
                    self._frames.pop(next(iter(self._frames)))
                frame = _Frame(shaped, self.device)
            else:
                frame.update(shaped)
            self._frames[shaped.shape] = self._frame = frame

    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        """Run one network on a batch of looks; on a CPU each look by itself, side by side on the cores."""
        parts = _parts(len(view_index), self.device)
        with self._turn:
            bindings = [self._binding(stage, part, view_index.shape[1]) for part in parts]
            runs = [
                partial(binding.run, homographies[part], view_index[part], frame_index[part])
                for binding, part in zip(bindings, parts, strict=True)
            ]
            seen = run_parallel(runs)
        information, vector, presence = (np.concatenate(arrays, dtype=np.float64) for arrays in zip(*seen, strict=True))
        return solved(information, vector, presence[:, 0])

    def another(self) -> "OrtStepper":
        """Return a stepper of the same networks and atlas with frames of its own, for another thread."""
        twin = copy(self)
        twin._frames, twin._frame = {}, None
        return twin

    def _binding(self, stage: str, part: slice, pictures: int) -> "_Binding":
        """Return what is bound to the frames for these looks of a batch, at so many pictures each."""
        if self._frame is None:
            raise AssertionError("expected put_frames before step")
        key = (stage, part.start, part.stop, pictures)
        if key not in self._frame.bindings:
            shape = (part.stop - part.start, pictures)
            session = self._session(stage, shape[0])
            self._frame.bindings[key] = (
                _WarpedBinding(session, self._frame.lines, self._atlas, self._atlas_host.shape[-1], shape)
                if self.device.name == "cpu"
                else _FullBinding(session, self._frame.value, self._atlas, shape, self.device)
            )
        return self._frame.bindings[key]

    def _session(self, stage: str, batch: int) -> NetworkSession:
        """Return a network for a batch: on the CPU one for all sizes, on a GPU one for each, opened at first need."""
        key = (stage, batch if self.device.name == "cuda" else 1)
        if key not in self._sessions:
            self._sessions[key] = open_network(self._models[stage], self.device, batch)
        return self._sessions[key]


class _Frame:
    """The buffer of one instant's frames and what is bound to it: on a CPU rounded `lines`, else a device's `value`."""

    def __init__(self, shaped: NDArray[np.float16], device: Device) -> None:
        self.device = device
        self.lines = np.ascontiguousarray(to_single(shaped)[:, 0])
        self.value = None if device.name == "cpu" else place(shaped, device)
        self.bindings: dict[tuple[str, int, int, int], _Binding] = {}

    def update(self, shaped: NDArray[np.float16]) -> None:
        if self.value is None:
            np.copyto(self.lines, to_single(shaped)[:, 0])
        else:
            self.value.update_inplace(shaped)


class _Binding(ABC):
    """Inputs and outputs of one session for one shape of `view_index`, bound once."""

    @abstractmethod
    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        """Return the arrays of `_OUTPUTS` for these looks; the next run may write over them."""


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
    """A session on a GPU of a full graph, which warps the frames there."""

    def __init__(self, session: NetworkSession, frame: Any, atlas: Any, shape: tuple[int, int], device: Device) -> None:
        batch = shape[0]
        self.homography_host = np.zeros((batch, 3, 3), np.float32)
        self.index_host = np.zeros(shape, np.int64)
        self.frame_index_host = np.zeros(batch, np.int64)
        self.homography = place(self.homography_host, device)
        self.index = place(self.index_host, device)
        self.frame_index = place(self.frame_index_host, device)
        self.outputs = [place(np.zeros((batch, *rest), np.float32), device) for rest in _OUTPUTS.values()]
        inputs = {
            "frames": frame,
            "frame_index": self.frame_index,
            "atlas": atlas,
            "homography": self.homography,
            "view_index": self.index,
        }
        self.compute = session.bind(inputs, dict(zip(_OUTPUTS, self.outputs, strict=True)))

    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        self.homography_host[...] = homographies
        self.index_host[...] = view_index
        self.frame_index_host[...] = frame_index
        self.homography.update_inplace(self.homography_host)
        self.index.update_inplace(self.index_host)
        self.frame_index.update_inplace(self.frame_index_host)
        self.compute()
        return [value.numpy() for value in self.outputs]


def _parts(batch: int, device: Device) -> list[slice]:
    """Return which looks go through the network at once: a CPU gains nothing by a batch, its cores by several runs."""
    size = 1 if device.name == "cpu" and device.threads == 1 else batch
    return [slice(first, first + size) for first in range(0, batch, size)]
