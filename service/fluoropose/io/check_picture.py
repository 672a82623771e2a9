"""Pictures of what the doctor looked at: middle slices of a volume, shadows of a mesh, a frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32
from fluoropose.imaging.volume import Volume
from fluoropose.io.pictures import Picture

__all__ = ["frame_picture", "shadow_picture", "slice_picture"]

_SIDE_PX = 320
_WINDOW_HU = (-300.0, 1200.0)


def slice_picture(volume: Volume) -> Picture:
    """Return the middle slices across the three axes of the grid, side by side, in a window of bone if there is one."""
    low, high = float(volume.values.min()), float(volume.values.max())
    window = _WINDOW_HU if low < -200.0 and high > 500.0 else (low, high)
    middle = [length // 2 for length in volume.values.shape]
    slices = [volume.values.take(middle[axis], axis=axis) for axis in range(3)]
    return _side_by_side(volume, slices, window)


def shadow_picture(volume: Volume) -> Picture:
    """Return the sums of an object's values along the three axes of its grid, side by side."""
    sums = [volume.values.sum(axis=axis) for axis in range(3)]
    return _side_by_side(volume, sums, (0.0, max(float(one.max()) for one in sums)))


def frame_picture(pixels: NDArray[Any]) -> Picture:
    """Return a frame in grey, its contrast stretched to its percentiles, thinned to at most 1024 pixels a side."""
    step = -(-max(pixels.shape) // 1024)
    values = pixels[::step, ::step].astype(np.float64)
    low, high = np.percentile(values, [0.5, 99.5])
    return _grey((values - low) / max(float(high - low), 1e-9))


def _side_by_side(volume: Volume, panels: list[Float32], window: tuple[float, float]) -> Picture:
    scale = max(window[1] - window[0], 1e-9)
    pictures = []
    for axis, panel in enumerate(panels):
        spacing = np.delete(volume.spacing_mm, axis)
        shown = np.clip((panel - window[0]) / scale, 0.0, 1.0)
        pictures.append(_square(_grey(shown), spacing * np.array(panel.shape)))
    return np.concatenate(pictures, axis=1)


def _square(picture: Picture, sides_mm: NDArray[Any]) -> Picture:
    """Return a picture in a black square, its sides in proportion to lengths; its first axis goes to the right."""
    height, width = np.maximum(1, np.rint(_SIDE_PX * sides_mm[::-1] / sides_mm.max())).astype(int)
    i = np.minimum(np.arange(width) * picture.shape[0] // width, picture.shape[0] - 1)
    j = np.minimum(np.arange(height) * picture.shape[1] // height, picture.shape[1] - 1)
    canvas = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8)
    top, left = (_SIDE_PX - height) // 2, (_SIDE_PX - width) // 2
    # The second axis goes up: heads and feet are not turned over.
    canvas[top : top + height, left : left + width] = picture[i[None, :], j[::-1, None]]
    return canvas


def _grey(shares: NDArray[Any]) -> Picture:
    return np.repeat((255 * np.clip(shares, 0.0, 1.0)).astype(np.uint8)[..., None], 3, axis=2)
