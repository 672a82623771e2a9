"""Bound inputs and outputs of a network's session: what a step writes and reads on a CPU.

Compiled code warps the frame into the session's input. The graph then takes the views' pictures (`WarpedBinding`), or
what was made of them before (`BesideBinding`).
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.imaging.sampling import pixel_homography, warp_into
from fluoropose.inference.onnx_runtime import Device, NetworkSession, place
from fluoropose.inference.view_channels import ViewChannels

__all__ = ["BesideBinding", "Binding", "OUTPUTS", "WarpedBinding"]

OUTPUTS = {"information": (6, 6), "vector": (6,), "presence": (1,)}
"""Outputs of a step and their shapes after the batch axis."""

_HOST = Device("cpu", 1)


class Binding(ABC):
    """The bound inputs and outputs of one session for one shape of `view_index`."""

    @abstractmethod
    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        """Return the arrays of `OUTPUTS` for these looks; the next run may overwrite them."""


class HostBinding(Binding):
    """A session on a CPU of a graph that takes warped frames, and beside them `others` by name."""

    def __init__(
        self, session: NetworkSession, frames: Float32, others: dict[str, Any], size_px: int, batch: int
    ) -> None:
        self.frames = frames
        self.warped = np.zeros((batch, 1, size_px, size_px), np.float32)
        self.outputs = [np.zeros((batch, *rest), np.float32) for rest in OUTPUTS.values()]
        values = [place(array, _HOST) for array in self.outputs]
        inputs = {"warped": place(self.warped, _HOST), **others}
        self.compute = session.bind(inputs, dict(zip(OUTPUTS, values, strict=True)))

    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        rows, columns = self.frames.shape[1:]
        for warped, homography, index in zip(self.warped, homographies, frame_index, strict=True):
            warp_into(self.frames[index], pixel_homography(homography, rows, columns), warped[0])
        self.show_views(view_index)
        self.compute()
        return self.outputs

    @abstractmethod
    def show_views(self, view_index: NDArray[np.int64]) -> None:
        """Write what the graph takes of the looks' views."""


class WarpedBinding(HostBinding):
    """A session on a CPU of a warped graph."""

    def __init__(
        self, session: NetworkSession, frames: Float32, atlas: Any, size_px: int, shape: tuple[int, int]
    ) -> None:
        self.index = np.zeros(shape, np.int64)
        others = {"atlas": atlas, "view_index": place(self.index, _HOST)}
        super().__init__(session, frames, others, size_px, shape[0])

    def show_views(self, view_index: NDArray[np.int64]) -> None:
        """Write which pictures the graph looks at."""
        self.index[...] = view_index


class BesideBinding(HostBinding):
    """A session on a CPU of the part of a warped graph that takes channels of views."""

    def __init__(
        self, session: NetworkSession, frames: Float32, channels: ViewChannels, size_px: int, shape: tuple[int, int]
    ) -> None:
        self.channels = channels
        self.shown = [np.zeros((shape[0], *rest), np.float32) for rest in channels.shapes]
        values = [place(array, _HOST) for array in self.shown]
        super().__init__(session, frames, dict(zip(channels.names, values, strict=True)), size_px, shape[0])

    def show_views(self, view_index: NDArray[np.int64]) -> None:
        """Write the channels of each look's views."""
        for number, pictures in enumerate(view_index):
            for to, channels in zip(self.shown, self.channels.of(pictures), strict=True):
                to[number] = channels
