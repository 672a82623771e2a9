"""The compiled part of `costs.two_body`: the detail of pictures, how it changes, its local contrast, and the equations.

A slow, clear twin stands beside each function. Images are (size, size) float32.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64
from fluoropose.imaging.filters import BINOMIAL, blur, blur_twin, box_mean, box_mean_twin

__all__ = [
    "detail_derivatives",
    "detail_derivatives_twin",
    "details",
    "details_twin",
    "local_contrast",
    "local_contrast_twin",
    "normal_equations",
    "normal_equations_twin",
    "subtract_fit",
]

_NEIGHBOURHOOD = 4
"""One contrast and one deviation are those over 2 x this + 1 pixels each way, taken twice."""

_EVEN_POWER, _EVEN_VARIANCE = 0.03, 0.05
"""What every neighbourhood is given of the whole picture's, so that a flat one says nothing."""

_LEAST_CONTRAST = 0.1
"""Smallest contrast of a neighbourhood, over the whole picture's."""

_TINY = 1e-12
_CHUNK = 512


def details(images: Float32, reach: int) -> Float32:
    """Return images (n, size, size) smoothed by (1, 2, 1) / 4 both ways, less their mean about each pixel.

    The mean is that over 2 reach + 1 pixels each way, taken twice.
    """
    out = np.empty_like(images)
    for image, detail in zip(images, out, strict=True):
        smooth = blur(image, BINOMIAL)
        detail[...] = smooth - _local_mean(smooth, reach)
    return out


def details_twin(images: Float32, reach: int) -> Float64:
    """Return what `details` does."""
    found = []
    for image in images.astype(np.float64):
        smooth = blur_twin(image, BINOMIAL)
        found.append(smooth - _local_mean_twin(smooth, reach))
    return np.stack(found)


def detail_derivatives(
    inside: Float32, rest: Float32, inside_turns: Float32, rest_turns: Float32, pixel_mm: float, range_mm: float
) -> Float32:
    """Return how the details of two bodies' pictures change, (16, size, size).

    With the six parameters of each body's residual, per mm and rad, the two contrasts, and a blur of each. A body's
    turns out of the plane (2, size, size) are given; the others follow from the slopes of its picture.
    """
    out = np.empty((16, *inside.shape), np.float32)
    _motion_derivatives(inside, pixel_mm, range_mm, out[:4])
    _motion_derivatives(rest, pixel_mm, range_mm, out[6:10])
    out[4:6], out[10:12], out[12], out[13] = inside_turns, rest_turns, inside, rest
    _curvature(inside, out[14])
    _curvature(rest, out[15])
    return out


def detail_derivatives_twin(
    inside: Float32, rest: Float32, inside_turns: Float32, rest_turns: Float32, pixel_mm: float, range_mm: float
) -> Float64:
    """Return what `detail_derivatives` does."""
    columns: list[Float64] = []
    blurs: list[Float64] = []
    for image, turns in ((inside, inside_turns), (rest, rest_turns)):
        padded = np.pad(image.astype(np.float64), 1, mode="edge")
        down, along = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2, (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
        y, x = np.mgrid[: image.shape[0], : image.shape[1]] - (image.shape[0] - 1) / 2
        columns += [-along / pixel_mm, -down / pixel_mm, (along * x + down * y) / range_mm, along * y - down * x]
        columns += list(turns.astype(np.float64))
        around = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
        blurs.append(around - 4.0 * padded[1:-1, 1:-1])
    return np.stack([*columns, inside, rest, *blurs])


def local_contrast(frame: Float32, shown: Float32, weights: Float32) -> tuple[Float32, Float32]:
    """Return what `shown` is to be multiplied with around each pixel, and one over the deviation of what is left."""
    contrast, per_deviation = np.empty_like(shown), np.empty_like(shown)
    _contrast_into(frame, shown, weights, contrast, per_deviation)
    return contrast, per_deviation


def local_contrast_twin(frame: Float32, shown: Float32, weights: Float32) -> tuple[Float64, Float64]:
    """Return what `local_contrast` does."""
    f, m, w = (image.astype(np.float64) for image in (frame, shown, weights))

    def mean(image: Float64) -> Float64:
        return _local_mean_twin(image, _NEIGHBOURHOOD)

    power = mean(w * m * m)
    even = _EVEN_POWER * power.mean() + _TINY
    whole = max((w * f * m).sum() / ((w * m * m).sum() + _TINY), _TINY)
    contrast = np.maximum((mean(w * f * m) + even * whole) / (power + even), _LEAST_CONTRAST * whole)
    variance = mean(w * (f - contrast * m) ** 2) / (mean(w) + _TINY)
    return contrast, 1.0 / np.sqrt(variance + _EVEN_VARIANCE * variance.mean() + _TINY)


def normal_equations(columns: Float32, scale: Float32, wanted: Float32, weights: Float32) -> tuple[Float64, Float64]:
    """Return X W X^T (n, n) and X W y (n,) with X = columns (n, size, size) times scale, y = wanted, W = weights.

    Compiled, since a library's threads for matrices would wait for those of the pictures, and the other way round.
    """
    count = len(columns)
    out = np.zeros((count, count + 1))
    _gather_into(columns.reshape(count, -1), scale.ravel(), wanted.ravel(), weights.ravel(), out)
    return out[:, :count].copy(), out[:, count].copy()


def normal_equations_twin(
    columns: Float32, scale: Float32, wanted: Float32, weights: Float32
) -> tuple[Float64, Float64]:
    """Return what `normal_equations` does."""
    design = (columns.astype(np.float64) * scale).reshape(len(columns), -1)
    weighted = design * weights.ravel()
    return weighted @ design.T, weighted @ wanted.ravel().astype(np.float64)


def subtract_fit(columns: Float32, scale: Float32, wanted: Float32, solution: Float64) -> Float32:
    """Return what a solution (n,) of `normal_equations` leaves of `wanted`, (size, size)."""
    out = np.empty_like(wanted)
    _subtract_into(columns, scale, wanted, solution.astype(np.float32), out)
    return out


def _local_mean_twin(image: Float64, reach: int) -> Float64:
    """Return what `_local_mean` does."""
    return box_mean_twin(box_mean_twin(image, reach), reach)


@njit(cache=True, fastmath=True, nogil=True)
def _local_mean(image: Float32, reach: int) -> Float32:
    """Return the mean over 2 reach + 1 pixels each way, taken twice; the border is repeated."""
    return box_mean(box_mean(image, reach), reach)


@njit(cache=True, fastmath=True, nogil=True)
def _motion_derivatives(image: Float32, pixel_mm: float, range_mm: float, out: Float32) -> None:
    size = image.shape[0]
    per_mm, per_range = np.float32(0.5 / pixel_mm), np.float32(0.5 / range_mm)
    half, middle = np.float32(0.5), np.float32((size - 1) / 2)
    for v in range(size):
        above, below, y = max(v - 1, 0), min(v + 1, size - 1), np.float32(v) - middle
        for u in range(size):
            down = image[below, u] - image[above, u]
            along = image[v, min(u + 1, size - 1)] - image[v, max(u - 1, 0)]
            x = np.float32(u) - middle
            out[0, v, u] = -along * per_mm
            out[1, v, u] = -down * per_mm
            out[2, v, u] = (along * x + down * y) * per_range
            out[3, v, u] = (along * y - down * x) * half


@njit(cache=True, fastmath=True, nogil=True)
def _curvature(image: Float32, out: Float32) -> None:
    size = image.shape[0]
    for v in range(size):
        above, below = max(v - 1, 0), min(v + 1, size - 1)
        for u in range(size):
            beside = image[v, min(u + 1, size - 1)] + image[v, max(u - 1, 0)]
            out[v, u] = beside + image[below, u] + image[above, u] - np.float32(4.0) * image[v, u]


@njit(cache=True, fastmath=True, nogil=True)
def _contrast_into(frame: Float32, shown: Float32, weights: Float32, contrast: Float32, per_deviation: Float32) -> None:
    powers, common = weights * shown * shown, weights * frame * shown
    even = np.float32(_EVEN_POWER) * powers.mean() + np.float32(_TINY)
    whole = max(common.mean() / (powers.mean() + np.float32(_TINY)), np.float32(_TINY))
    power, both = _local_mean(powers, _NEIGHBOURHOOD), _local_mean(common, _NEIGHBOURHOOD)
    contrast[...] = np.maximum((both + even * whole) / (power + even), np.float32(_LEAST_CONTRAST) * whole)
    left = frame - contrast * shown
    variance = _local_mean(weights * left * left, _NEIGHBOURHOOD)
    variance /= _local_mean(weights, _NEIGHBOURHOOD) + np.float32(_TINY)
    least = np.float32(_EVEN_VARIANCE) * variance.mean() + np.float32(_TINY)
    per_deviation[...] = np.float32(1.0) / np.sqrt(variance + least)


@njit(cache=True, fastmath=True, nogil=True)
def _gather_into(columns: Float32, scale: Float32, wanted: Float32, weights: Float32, out: Float64) -> None:
    """Add up by chunks that stay near the processor; out is (n, n + 1), the last column that of `wanted`."""
    count, total = columns.shape
    part = np.empty((count + 1, _CHUNK), np.float32)
    weighted = np.empty(_CHUNK, np.float32)
    for first in range(0, total, _CHUNK):
        many = min(_CHUNK, total - first)
        for k in range(many):
            part[count, k] = wanted[first + k]
        for p in range(count):
            for k in range(many):
                part[p, k] = columns[p, first + k] * scale[first + k]
        for p in range(count):
            for k in range(many):
                weighted[k] = part[p, k] * weights[first + k]
            for q in range(p, count + 1):
                common = np.float32(0.0)
                for k in range(many):
                    common += weighted[k] * part[q, k]
                out[p, q] += common
    for p in range(count):
        for q in range(p):
            out[p, q] = out[q, p]


@njit(cache=True, fastmath=True, nogil=True)
def _subtract_into(columns: Float32, scale: Float32, wanted: Float32, solution: Float32, out: Float32) -> None:
    count, rows, across = columns.shape
    for v in range(rows):
        for u in range(across):
            out[v, u] = 0.0
        for p in range(count):
            for u in range(across):
                out[v, u] += solution[p] * columns[p, v, u]
        for u in range(across):
            out[v, u] = wanted[v, u] - scale[v, u] * out[v, u]
