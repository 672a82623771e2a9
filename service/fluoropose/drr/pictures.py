"""Where the pictures of views are kept: on the host, and beside that in a device's memory, where networks read them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_STORED", "ViewPictures"]

MOST_STORED = np.float32(6e4)
"""The largest line integral that is stored: float16 holds no more than 65504."""


class ViewPictures:
    """Pictures as float16, (places, rows, columns), in `host`; renderers write them there by place."""

    def __init__(self, host: NDArray[Any]) -> None:
        """Keep an array, or a memory map, of the host."""
        self.host = host

    @property
    def address(self) -> int | None:
        """Where the same pictures begin in the memory of a CUDA device; None if they are on the host alone."""
        return None

    @property
    def device_bytes(self) -> int:
        """How many bytes they take on a device."""
        return 0

    def send(self, places: Sequence[int]) -> None:
        """Copy the host's pictures at some places to the device, if they are to be there too."""
