"""An answered frame as observers see it: its picture made smaller, and the outlines of its objects, made once for all.

What is here takes milliseconds. It runs on the observers' thread and only for a frame that one of them is sent.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64
from fluoropose.drr.silhouette import object_outline
from fluoropose.errors import FluoroposeError
from fluoropose.geometry.camera import Camera
from fluoropose.registration.assessment import Status
from fluoropose.serving.messages import FrameResult, ObjectResult
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import ReceivedFrame
from fluoropose.tracking.session_settings import SessionSettings

__all__ = ["WatchedFrame", "WatchedPicture", "watched_picture"]

_WHITE = 65535
"""The largest value of a 16-bit pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchedPicture:
    """A frame's pixels (rows, columns) as 16-bit numbers, each the mean of `block` x `block` pixels of the frame.

    A pixel of 0 means the frame's value `values[0]`, one of 65535 `values[1]`, others lie between. `frame_rows` and
    `frame_columns` are the frame's. A pixel (u, v) of the picture is at `block` * (u, v) + (`block` - 1) / 2 of the
    frame.
    """

    pixels: NDArray[np.uint16]
    block: int
    values: tuple[float, float]
    frame_rows: int
    frame_columns: int


def watched_picture(pixels: NDArray[np.generic], max_side: int) -> WatchedPicture:
    """Return a frame (rows, columns) with sides of at most `max_side` pixels.

    Unsigned integers of at most 16 bits stay what they are; other values are spread over the 16 bits. Rows and columns
    that do not fill a block at the end are left out.
    """
    rows, columns = pixels.shape
    block = max(1, -(-max(rows, columns) // max_side))
    if pixels.dtype in (np.uint8, np.uint16):
        small = pixels.astype(np.uint16) if block == 1 else _block_means(pixels, block, np.uint32).astype(np.uint16)
        return WatchedPicture(small, block, (0.0, float(_WHITE)), rows, columns)
    means = _block_means(pixels, block, np.float64)
    low, high = float(means.min()), float(means.max())
    scale = _WHITE / (high - low) if high > low else 0.0
    return WatchedPicture(np.round((means - low) * scale).astype(np.uint16), block, (low, high), rows, columns)


def _block_means(pixels: NDArray[Any], block: int, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the means of blocks, summed in `dtype`; integers are rounded down."""
    rows, columns = pixels.shape
    across, along = min(block, columns), min(block, rows)
    height, width = rows // along, columns // across
    sums = np.zeros((height, width), dtype)
    # A few sums of whole pictures are ten times as quick as one over two axes of the blocks.
    for v in range(along):
        for u in range(across):
            sums += pixels[v : height * along : along, u : width * across : across]
    return np.asarray(sums // (along * across) if dtype is np.uint32 else sums / (along * across))


@dataclass(slots=True, eq=False)
class WatchedFrame:
    """A frame that was answered, as the session's settings were then."""

    service: Service
    settings: SessionSettings
    frame: ReceivedFrame
    result: FrameResult
    _pixels: NDArray[np.generic] | None = None
    _pictures: dict[int, WatchedPicture] = field(default_factory=dict)
    _outlines: dict[str, tuple[Float64, ...]] | None = None

    @property
    def camera(self) -> Camera:
        """The camera of the frame."""
        return self.settings.cameras[self.result.camera].camera

    def picture(self, max_side: int) -> WatchedPicture:
        """Return the frame with sides of at most `max_side` pixels, or raise FrameError where it cannot be decoded."""
        if max_side not in self._pictures:
            if self._pixels is None:
                self._pixels = self.frame.payload.pixels(self.camera)
            self._pictures[max_side] = watched_picture(self._pixels, max_side)
        return self._pictures[max_side]

    def outlines(self) -> dict[str, tuple[Float64, ...]]:
        """Return the outlines by case, each (n, 2) pixels of the frame; objects that are LOST have none."""
        if self._outlines is None:
            self._outlines = {one.case: self._outline(one) for one in self.result.objects}
        return self._outlines

    def _outline(self, one: ObjectResult) -> tuple[Float64, ...]:
        if one.registration.assessment.status is Status.LOST:
            return ()
        if one.outline is not None:
            return one.outline
        try:
            resident = self.service.resident(one.case)
        except FluoroposeError:  # the case was deleted meanwhile
            return ()
        return object_outline(resident.renderer, self.camera, one.camera_from_volume, resident.case.corners_mm)
