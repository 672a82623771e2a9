"""The networks of a case on its device: atlas and frames stay there, and a step sends homographies and indices only.

Buffers are bound once and keep their addresses, from the first frame of a size on. On a GPU the full graph of a
network runs. On a CPU compiled code warps the frame, which is four times as fast, and the warped graph runs; of a
network in parts only that which the frame changes, while what it makes of cached views is kept.
"""

from contextlib import nullcontext
from copy import copy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.imaging.half_precision import round_to_half, to_half
from fluoropose.inference.bindings import OUTPUTS, BesideBinding, Binding, WarpedBinding
from fluoropose.inference.onnx_runtime import (
    CUDA_GRAPH_LOCK,
    Device,
    DeviceMemory,
    NetworkSession,
    open_network,
    open_parts,
    place,
)
from fluoropose.inference.view_channels import ViewChannels
from fluoropose.parallel import run_parallel
from fluoropose.registration.regression.bundle import NetworkGraphs
from fluoropose.registration.regression.step import AbstractStepper, Regression, solve_regression

__all__ = ["OrtStepper"]

_HOST = Device("cpu", 1)

_ONES: Float64 = np.ones(6)

_FRAME_SIZES = 4
"""How many frame sizes keep their buffers and bindings; the consoles of one room send one or two sizes."""


class OrtStepper(AbstractStepper):
    """The networks of one case on one device, for one thread at a time; another thread takes one from `another`."""

    def __init__(
        self,
        models: dict[str, NetworkGraphs],
        pictures: NDArray[Any],
        device: Device,
        units: Float64 = _ONES,
        on_device: DeviceMemory | None = None,
    ) -> None:
        """Open a session for each network and place the atlas.

        Parameters
        ----------
        models : networks by the names that `step` is given
        pictures : the atlas's, float16 (pictures, size, size)
        units : what one unit of each of the networks' outputs is in mm and rad, (6,)
        on_device : the same pictures on the device, (pictures, 1, size, size), where they are there
        """
        self._per_unit = 1.0 / units
        self.device = device
        self._models = models
        self._sessions: dict[tuple[str, int], NetworkSession] = {}
        self._frames: dict[tuple[int, ...], _FrameBuffer] = {}
        self._frame: _FrameBuffer | None = None
        self._atlas_host = np.ascontiguousarray(pictures[:, None])
        self._on_device = on_device
        self._lock = CUDA_GRAPH_LOCK if device.graphs else nullcontext()
        with self._lock:
            self._atlas = place(self._atlas_host, _HOST)
            self._channels = self._open_parts()
            for stage in models:
                self._session(stage, 1)

    @property
    def fallback_nodes(self) -> int:
        """How many nodes run on the CPU although the device is another."""
        return sum(session.fallback_nodes for session in list(self._sessions.values()))

    @property
    def cache_bytes(self) -> int:
        """How many bytes of channels are kept at most."""
        return sum(channels.most_bytes for channels in self._channels.values())

    def follow_pictures(self, stamps: NDArray[np.int64] | None) -> None:
        """Keep no channels of a picture that was written since, as `stamps` (pictures,) count."""
        for channels in self._channels.values():
            channels.stamps = stamps

    def put_frames(self, line_integrals: Float32) -> None:
        """Copy frames (frames, rows, columns) of line integrals to the device, as float16."""
        shaped = np.ascontiguousarray(line_integrals, np.float32)[:, None]
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
        information, vector, presence = (
            arrays[0].astype(np.float64) if len(arrays) == 1 else np.concatenate(arrays, dtype=np.float64)
            for arrays in zip(*seen, strict=True)
        )
        per_unit = self._per_unit
        return solve_regression(information * per_unit[:, None] * per_unit[None, :], vector * per_unit, presence[:, 0])

    def another(self) -> "OrtStepper":
        """Return a stepper of the same networks and atlas with frames of its own, for another thread."""
        twin = copy(self)
        twin._frames, twin._frame = {}, None
        return twin

    def _open_parts(self) -> dict[str, ViewChannels]:
        """Open the networks in parts, on a CPU, and return their channels."""
        found: dict[str, ViewChannels] = {}
        for stage, network in self._models.items():
            if self.device.name == "cpu" and network.in_parts:
                channels, self._sessions[stage, 1] = open_parts(network, self.device)
                found[stage] = ViewChannels(channels, self._atlas)
        return found

    def _binding(self, stage: str, part: slice, pictures: int) -> Binding:
        """Return the binding for a part of a batch with so many pictures a look, made when it is first needed."""
        if self._frame is None:
            raise AssertionError("expected put_frames before step")
        key = (stage, part.start, part.stop, pictures)
        if key not in self._frame.bindings:
            shape = (part.stop - part.start, pictures)
            session = self._session(stage, shape[0])
            self._frame.bindings[key] = self._bind(self._frame, session, self._channels.get(stage), shape)
        return self._frame.bindings[key]

    def _bind(
        self, frame: "_FrameBuffer", session: NetworkSession, channels: ViewChannels | None, shape: tuple[int, int]
    ) -> Binding:
        if self.device.name != "cpu":
            shown: _SentPictures | _PicturesInPlace = (
                _SentPictures(self._atlas_host, shape, self.device)
                if self._on_device is None
                else _PicturesInPlace(self._on_device, shape, self.device)
            )
            return _FullBinding(session, frame.value, shown, shape[0], self.device)
        size_px = self._atlas_host.shape[-1]
        if channels is not None:
            return BesideBinding(session, frame.lines, channels, size_px, shape)
        return WarpedBinding(session, frame.lines, self._atlas, size_px, shape)

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

    def __init__(self, shaped: Float32, device: Device) -> None:
        self.device = device
        self.lines = np.empty((len(shaped), *shaped.shape[2:]), np.float32)
        self.value = None if device.name == "cpu" else place(to_half(shaped), device)
        if self.value is None:
            self.update(shaped)
        self.bindings: dict[tuple[str, int, int, int], Binding] = {}

    def update(self, shaped: Float32) -> None:
        """Write other frames (frames, 1, rows, columns) of the same shape."""
        if self.value is None:
            round_to_half(shaped[:, 0], self.lines)
        else:
            self.value.update_inplace(to_half(shaped))


class _SentPictures:
    """Pictures that are sent to a GPU with each run: an atlas on the host, whose pictures come and go."""

    def __init__(self, atlas: NDArray[Any], shape: tuple[int, int], device: Device) -> None:
        self.atlas_host = atlas
        places = shape[0] * shape[1]
        self.pictures = place(np.zeros((places, *atlas.shape[1:]), np.float16), device)
        self.inputs = {
            "atlas": self.pictures,
            "view_index": place(np.arange(places, dtype=np.int64).reshape(shape), device),
        }

    def show(self, view_index: NDArray[np.int64]) -> None:
        """Send the pictures of the looks."""
        self.pictures.update_inplace(np.ascontiguousarray(self.atlas_host[view_index.ravel()]))


class _PicturesInPlace:
    """Pictures that the network reads where a renderer wrote them: only their places are sent with a run."""

    def __init__(self, atlas: DeviceMemory, shape: tuple[int, int], device: Device) -> None:
        self.index_host = np.zeros(shape, np.int64)
        self.index = place(self.index_host, device)
        self.inputs = {"atlas": atlas, "view_index": self.index}

    def show(self, view_index: NDArray[np.int64]) -> None:
        """Send which pictures the looks see."""
        self.index_host[...] = view_index
        self.index.update_inplace(self.index_host)


class _FullBinding(Binding):
    """A session on a GPU of a full graph, which warps the frames there."""

    def __init__(
        self, session: NetworkSession, frame: Any, shown: _SentPictures | _PicturesInPlace, batch: int, device: Device
    ) -> None:
        self.shown = shown
        self.homography_host = np.zeros((batch, 3, 3), np.float32)
        self.frame_index_host = np.zeros(batch, np.int64)
        self.homography = place(self.homography_host, device)
        self.frame_index = place(self.frame_index_host, device)
        self.outputs = [place(np.zeros((batch, *rest), np.float32), device) for rest in OUTPUTS.values()]
        inputs = {
            "frames": frame,
            "frame_index": self.frame_index,
            "homography": self.homography,
            **shown.inputs,
        }
        self.compute = session.bind(inputs, dict(zip(OUTPUTS, self.outputs, strict=True)))

    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        self.homography_host[...] = homographies
        self.frame_index_host[...] = frame_index
        self.homography.update_inplace(self.homography_host)
        self.shown.show(view_index)
        self.frame_index.update_inplace(self.frame_index_host)
        self.compute()
        return [value.numpy() for value in self.outputs]


def _split_batch(batch: int, device: Device) -> list[slice]:
    """Return the looks of each run: one in each on a CPU whose runs have one thread each, else all in one."""
    size = 1 if device.name == "cpu" and device.threads == 1 else batch
    return [slice(first, first + size) for first in range(0, batch, size)]
