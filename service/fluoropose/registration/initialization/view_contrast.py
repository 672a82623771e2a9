"""Local contrast of cached views and of frames at a few pixels: what the searches compare.

A view is shown as a detector with scatter would show it, shrunk by means over blocks, and divided by its local
deviation.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from fluoropose.arrays import Float32
from fluoropose.imaging.filters import local_contrast
from fluoropose.imaging.templates import shrink_view

__all__ = ["LatestKept", "normalise_contrast", "view_contrast"]

ValueT = TypeVar("ValueT")


class LatestKept(Generic[ValueT]):
    """Values by number, made when they are first asked for; the latest `capacity` that were asked for are kept."""

    def __init__(self, capacity: int) -> None:
        """Keep nothing yet."""
        self._capacity = capacity
        self._kept: OrderedDict[int, ValueT] = OrderedDict()

    def get(self, number: int, make: Callable[[], ValueT]) -> ValueT:
        """Return the value of a number, made now if it is not kept."""
        found = self._kept.pop(number, None)
        if found is None:
            found = make()
        self._kept[number] = found
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return found


def view_contrast(lines: Float32, template_px: int, block_px: int) -> Float32:
    """Return the local contrast of a view's line integrals (size, size) at `template_px` pixels a side.

    `block_px` is the side of a neighbourhood in pixels of the result.
    """
    return local_contrast(shrink_view(lines, lines.shape[0] // template_px), block_px)


def normalise_contrast(contrast: Float32) -> Float32:
    """Return a picture with zero mean and unit length, so that its product with another is a correlation."""
    centred = contrast - contrast.mean()
    return np.asarray(centred / (np.linalg.norm(centred) + np.float32(1e-6)), np.float32)
