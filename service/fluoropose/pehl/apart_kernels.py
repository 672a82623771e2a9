"""Kernels of `pehl.apart`: pictures through a homography, and their fine detail. Slow, clear twins beside them."""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.pehl.edge_kernels import warp_into

__all__ = ["details", "details_twin", "local_mean", "seen_through", "seen_through_twin"]

_REACH = 2
"""A local mean is that over 2 x this + 1 pixels each way, taken twice."""


def seen_through(images: Float32, to: Mat33, size_px: int) -> Float32:
    """Return images (n, rows, columns) sampled at to @ (u, v, 1), bilinear, the border repeated, (n, size, size)."""
    out = np.empty((len(images), size_px, size_px), np.float32)
    homography = np.ascontiguousarray(to, np.float64)
    for image, seen in zip(np.ascontiguousarray(images, np.float32), out, strict=True):
        warp_into(image, homography, seen)
    return out


def seen_through_twin(images: Float32, to: Mat33, size_px: int) -> Float64:
    """Return what `seen_through` does."""
    rows, columns = images.shape[1:]
    v, u = np.mgrid[0:size_px, 0:size_px]
    rays = to @ np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    x, y = np.clip(rays[0] / rays[2], 0, columns - 1), np.clip(rays[1] / rays[2], 0, rows - 1)
    j, i = np.minimum(x.astype(int), columns - 2), np.minimum(y.astype(int), rows - 2)
    fx, fy = x - j, y - i
    top = images[:, i, j] * (1 - fx) + images[:, i, j + 1] * fx
    low = images[:, i + 1, j] * (1 - fx) + images[:, i + 1, j + 1] * fx
    return np.asarray((top * (1 - fy) + low * fy).reshape(-1, size_px, size_px))


def details(images: Float32) -> Float32:
    """Return images (n, size, size) smoothed by (1, 2, 1) / 4 both ways, less their `local_mean`."""
    out = np.empty_like(images)
    for image, detail in zip(images, out, strict=True):
        smooth = _binomial(image)
        detail[...] = smooth - local_mean(smooth)
    return out


def details_twin(images: Float32) -> Float64:
    """Return what `details` does."""
    found = []
    for image in images.astype(np.float64):
        smooth = _along_both(image, np.array([0.25, 0.5, 0.25]))
        box = np.full(2 * _REACH + 1, 1.0 / (2 * _REACH + 1))
        found.append(smooth - _along_both(_along_both(smooth, box), box))
    return np.stack(found)


def local_mean(image: Float32) -> Float32:
    """Return the mean about each pixel of (size, size), twice over 5 x 5 pixels; the border is repeated."""
    return _boxed(_boxed(image, _REACH), _REACH)


def _along_both(image: Float64, weights: Float64) -> Float64:
    reach = len(weights) // 2
    for _ in range(2):
        padded = np.pad(image, ((reach, reach), (0, 0)), mode="edge")
        image = sum(w * padded[n : n + image.shape[0]] for n, w in enumerate(weights)).T  # type: ignore[union-attr]
    return image


@njit(cache=True, fastmath=True, nogil=True)
def _binomial(image: Float32) -> Float32:
    rows, columns = image.shape
    across = np.empty((rows, columns), np.float32)
    out = np.empty((rows, columns), np.float32)
    quarter, half = np.float32(0.25), np.float32(0.5)
    for v in range(rows):
        for u in range(columns):
            beside = image[v, max(u - 1, 0)] + image[v, min(u + 1, columns - 1)]
            across[v, u] = half * image[v, u] + quarter * beside
    for v in range(rows):
        above, below = max(v - 1, 0), min(v + 1, rows - 1)
        for u in range(columns):
            out[v, u] = half * across[v, u] + quarter * (across[above, u] + across[below, u])
    return out


@njit(cache=True, fastmath=True, nogil=True)
def _boxed(image: Float32, reach: int) -> Float32:
    rows, columns = image.shape
    share = np.float32(1.0 / (2 * reach + 1))
    across = np.empty((rows, columns), np.float32)
    out = np.empty((rows, columns), np.float32)
    for v in range(rows):
        total = np.float32(0.0)
        for u in range(-reach, reach + 1):
            total += image[v, min(max(u, 0), columns - 1)]
        for u in range(columns):
            across[v, u] = total * share
            total += image[v, min(u + reach + 1, columns - 1)] - image[v, max(u - reach, 0)]
    sums = np.zeros(columns, np.float32)
    for v in range(-reach, reach + 1):
        for u in range(columns):
            sums[u] += across[min(max(v, 0), rows - 1), u]
    for v in range(rows):
        ahead, behind = min(v + reach + 1, rows - 1), max(v - reach, 0)
        for u in range(columns):
            out[v, u] = sums[u] * share
            sums[u] += across[ahead, u] - across[behind, u]
    return out
