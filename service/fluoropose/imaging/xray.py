"""From a detector's pixels to line integrals at about the canonical view's resolution. Lengths in pixels.

An intensity I becomes -log((I + floor) / open beam) (Beer-Lambert); `floor` keeps dead pixels finite. An error in the
open beam only adds an offset to the line integrals, and the networks do not depend on offsets. The pixels are binned,
so that a warp to the canonical view does not alias and costs no more than it must.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32
from fluoropose.errors import FrameError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.quick_math import quick_log

__all__ = [
    "Exposure",
    "FRAME_DTYPES",
    "PixelMeaning",
    "binning_factor",
    "check_frame",
    "line_integral_bands",
    "line_integral_image",
    "line_integral_part",
    "line_integral_twin",
]

FRAME_DTYPES = ("uint8", "uint16", "int16", "float32")
_DISPLAY_FLOOR = 4.0 / 255.0
_INTENSITY_FLOOR = 1.0 / 700.0
"""The floors are shares of the open beam: below 1.5 per mille a detector shows only noise."""

_LARGEST_LINE_INTEGRAL = 8.0


class PixelMeaning(Enum):
    """What a pixel's value means; `docs/reference/api.md` describes the three."""

    INTENSITY = "intensity"
    LINE_INTEGRAL = "line_integral"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """A frame before any processing: pixels (rows, columns) of one of `FRAME_DTYPES`, its camera, its pixels' meaning.

    `inverted` says that intensities are stored as the largest value less the intensity, or line integrals negated.
    """

    pixels: NDArray[Any]
    camera: Camera
    meaning: PixelMeaning
    inverted: bool = False


def check_frame(pixels: NDArray[Any], camera: Camera) -> NDArray[Any]:
    """Return `pixels` unchanged if they can be a frame of this camera.

    Raises
    ------
    FrameError
        If the dtype is unknown, the size differs from the camera's, a value is not finite, or all values are equal.
    """
    if pixels.dtype.name not in FRAME_DTYPES:
        raise FrameError(f"frame dtype must be one of {', '.join(FRAME_DTYPES)}, got {pixels.dtype.name}")
    if pixels.shape != (camera.rows, camera.columns):
        raise FrameError(
            f"frame must have the camera's size, expected {camera.rows} x {camera.columns}, got "
            + " x ".join(str(n) for n in pixels.shape)
        )
    low, high = _extremes(pixels)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise FrameError("frame pixels must be finite, got NaN or infinity")
    if low == high:
        raise FrameError(f"frame must show something, got the one value {low:g} everywhere")
    return pixels


def binning_factor(camera: Camera, canonical_focal_px: float) -> int:
    """Return the factor by which a frame is binned: the largest that leaves it no coarser than the canonical view."""
    return max(1, int(camera.focal_px / canonical_focal_px))


def line_integral_image(pixels: NDArray[Any], meaning: PixelMeaning, factor: int, inverted: bool = False) -> Float32:
    """Return the line integrals of a frame, up to an offset, float32 (rows // factor, columns // factor)."""
    out, pieces = line_integral_bands(pixels, meaning, factor, inverted, 1)
    for piece in pieces:
        piece()
    return out


def line_integral_part(exposure: Exposure, factor: int, rows: slice, columns: slice) -> Float32:
    """Return some `rows` and `columns` of `line_integral_image`; both slices need a start and a stop inside it."""
    inside = tuple(slice(part.start * factor, part.stop * factor) for part in (rows, columns))
    pixels = np.ascontiguousarray(exposure.pixels[inside])
    mapped = _linear_map(exposure.pixels, exposure.meaning, exposure.inverted)
    out = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.float32)
    _write_line_integrals(pixels, exposure.meaning is PixelMeaning.LINE_INTEGRAL, factor, *mapped, out)
    return out


def line_integral_bands(
    pixels: NDArray[Any], meaning: PixelMeaning, factor: int, inverted: bool, count: int
) -> tuple[Float32, list[Callable[[], None]]]:
    """Return an empty picture of line integrals and at most `count` functions that fill it, each a band of its rows.

    Once all have been called, in any order or in parallel, the picture is `line_integral_image` to the last bit.
    """
    out = np.empty((pixels.shape[0] // factor, pixels.shape[1] // factor), np.float32)
    mapped = _linear_map(pixels, meaning, inverted)
    edges = [len(out) * number // count for number in range(count + 1)]
    bands = [slice(first, end) for first, end in pairwise(edges) if end > first]
    rows = [slice(band.start * factor, band.stop * factor) for band in bands]
    return out, [
        partial(_write_line_integrals, pixels[row], meaning is PixelMeaning.LINE_INTEGRAL, factor, *mapped, out[band])
        for row, band in zip(rows, bands, strict=True)
    ]


def line_integral_twin(pixels: NDArray[Any], meaning: PixelMeaning, factor: int, inverted: bool = False) -> Float32:
    """Return what `line_integral_image` returns, by NumPy: the specification."""
    scale, offset, floor = _linear_map(pixels, meaning, inverted)
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    linear = pixels[: rows * factor, : columns * factor].astype(np.float64) * scale + offset
    mean = linear.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    if meaning is not PixelMeaning.LINE_INTEGRAL:
        mean = -np.log(np.maximum(mean + floor, 0.5 * floor) / (1.0 + floor))
    return np.minimum(mean, _LARGEST_LINE_INTEGRAL).astype(np.float32)


def _write_line_integrals(
    pixels: NDArray[Any], is_linear: bool, factor: int, scale: float, offset: float, floor: float, out: Float32
) -> None:
    """Write the line integrals of pixels (rows, columns) to `out`."""
    given = _read_only_view(pixels)
    if is_linear:
        _bin(given, factor, np.float32(scale), np.float32(offset), out)
    else:
        _bin_log(given, factor, np.float32(scale), np.float32(offset + floor), np.float32(1.0 + floor), out)


def _linear_map(pixels: NDArray[Any], meaning: PixelMeaning, inverted: bool) -> tuple[float, float, float]:
    """Return the scale and offset that take pixels to shares of the open beam, and the floor to add before the log.

    Pixels that are line integrals already get the sign alone.
    """
    if meaning is PixelMeaning.LINE_INTEGRAL:
        return (-1.0 if inverted else 1.0), 0.0, 0.0
    floor = _DISPLAY_FLOOR if meaning is PixelMeaning.DISPLAY else _INTENSITY_FLOOR
    top = float(np.iinfo(pixels.dtype).max) if meaning is PixelMeaning.DISPLAY and pixels.dtype.kind in "ui" else 0.0
    top = top or max(_extremes(pixels)[1], 1e-6)
    return (-1.0 / top, 1.0, floor) if inverted else (1.0 / top, 0.0, floor)


def _read_only_view(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view. numba compiles for writable and read-only arrays separately, and frames come as both."""
    view = pixels.view()
    view.setflags(write=False)
    return view


def _extremes(pixels: NDArray[Any]) -> tuple[float, float]:
    """Return the smallest and the largest value; both are NaN if a pixel is."""
    if pixels.dtype.kind == "f":
        return float(pixels.min()), float(pixels.max())
    low, high = _whole_extremes(_read_only_view(pixels))
    return float(low), float(high)


# This kernel keeps the interpreter's lock: a thread that gives it up for a few microseconds then waits until the event
# loop gives it back. The event loop gets the lock during `_bin`, which takes longer.
@njit(cache=True)
def _whole_extremes(pixels: NDArray[Any]) -> tuple[int, int]:
    low = high = pixels[0, 0]
    for v in range(pixels.shape[0]):
        for u in range(pixels.shape[1]):
            low, high = min(low, pixels[v, u]), max(high, pixels[v, u])
    return low, high


# One thread: the work takes half a millisecond, and a second pool of threads would spin beside ONNX Runtime's.
@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _bin(pixels: NDArray[Any], factor: int, scale: float, offset: float, out: Float32) -> None:
    share, most = np.float32(1.0 / (factor * factor)) * scale, np.float32(_LARGEST_LINE_INTEGRAL)
    columns = out.shape[1]
    line = np.empty(columns * factor, np.float32)
    # Down the columns first: each loop by itself compiles to vector code.
    for v in range(out.shape[0]):
        here, row = pixels[v * factor], out[v]
        for u in range(columns * factor):
            line[u] = np.float32(here[u])
        for a in range(1, factor):
            here = pixels[v * factor + a]
            for u in range(columns * factor):
                line[u] += np.float32(here[u])
        if factor == 1:
            for u in range(columns):
                row[u] = min(line[u] * share + offset, most)
        elif factor == 2:
            for u in range(columns):
                row[u] = min((line[2 * u] + line[2 * u + 1]) * share + offset, most)
        else:
            for u in range(columns):
                total = np.float32(0.0)
                for b in range(factor):
                    total += line[u * factor + b]
                row[u] = min(total * share + offset, most)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _bin_log(pixels: NDArray[Any], factor: int, scale: float, offset: float, top: float, out: Float32) -> None:
    _bin(pixels, factor, scale, offset, out)
    smallest, share = np.float32(0.5 * (top - np.float32(1.0))), np.float32(1.0) / top
    for v in range(out.shape[0]):
        row = out[v]
        for u in range(out.shape[1]):
            row[u] = min(-quick_log(max(row[u], smallest) * share), np.float32(_LARGEST_LINE_INTEGRAL))
