"""The one bilinear sampler, and pictures through a homography: compiled, each with its slow, clear twin.

A homography is a 3 x 3 matrix that takes (column, row, 1) of the picture that is made to that of the picture that is
sampled. Beyond its border a picture goes on with its last row and column.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Mat33

__all__ = [
    "bilinear_place",
    "interpolate",
    "normalised_homography",
    "pixel_homography",
    "sample_bilinear",
    "sample_bilinear_twin",
    "sample_or_zero",
    "stack_frames",
    "warp_frame",
    "warp_into",
    "warp_part",
    "warp_part_into",
    "warp_picture",
    "warp_stack",
    "warp_stack_twin",
    "warp_supersampled",
    "warp_supersampled_twin",
]


@njit(inline="always")
def interpolate(a: float, b: float, c: float, d: float, x: float, y: float) -> float:
    """Return the value between four neighbours: a, b in one row, c, d in the next, at `x` and `y` from 0 to 1."""
    top = a + x * (b - a)
    low = c + x * (d - c)
    return top + y * (low - top)


@njit(inline="always")
def bilinear_place(rows: int, columns: int, x: float, y: float) -> tuple[int, int, np.float32, np.float32]:
    """Return column and row of the neighbour before a place, and how far the place is beyond them, 0 to 1.

    A place beyond the border is moved to the border.
    """
    x, y = min(max(x, 0.0), columns - 1.0), min(max(y, 0.0), rows - 1.0)
    j, i = min(int(x), columns - 2), min(int(y), rows - 2)
    return j, i, np.float32(x - j), np.float32(y - i)


@njit(inline="always")
def sample_bilinear(image: Float32, x: float, y: float) -> float:
    """Return an image (rows, columns) at a column and a row, bilinear, the border repeated."""
    j, i, fx, fy = bilinear_place(image.shape[0], image.shape[1], x, y)
    return interpolate(image[i, j], image[i, j + 1], image[i + 1, j], image[i + 1, j + 1], fx, fy)


@njit(inline="always")
def sample_or_zero(image: Float32, x: float, y: float) -> float:
    """Return an image at a column and a row as `sample_bilinear` does, and 0 outside."""
    rows, columns = image.shape
    if x < 0.0 or y < 0.0 or x > columns - 1.0 or y > rows - 1.0:
        return np.float32(0.0)  # type: ignore[return-value]
    return sample_bilinear(image, x, y)


def sample_bilinear_twin(image: Float32, x: Float64, y: Float64) -> Float64:
    """Return an image at columns x and rows y, the border repeated: the specification of `sample_bilinear`."""
    rows, columns = image.shape
    x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
    j, i = np.minimum(x.astype(int), columns - 2), np.minimum(y.astype(int), rows - 2)
    fx, fy = x - j, y - i
    top = image[i, j] * (1 - fx) + image[i, j + 1] * fx
    low = image[i + 1, j] * (1 - fx) + image[i + 1, j + 1] * fx
    return np.asarray(top * (1 - fy) + low * fy, np.float64)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def warp_into(frame: Float32, h: Mat33, out: Float32) -> None:
    """Write a frame as seen through a homography from `out`'s pixels to its own."""
    warp_part_into(frame, h, 0, 0, out)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def warp_part_into(frame: Float32, h: Mat33, top: int, left: int, out: Float32) -> None:
    """Write the part of what `warp_into` writes that begins at a row and a column."""
    rows, columns = frame.shape
    count, flat, wide = out.shape[1], frame.reshape(-1), np.int32(columns)
    right, low, last_column, last_row = columns - 1.0, rows - 1.0, np.int32(columns - 2), np.int32(rows - 2)
    before, along, down = np.empty(count, np.int32), np.empty(count, np.float32), np.empty(count, np.float32)
    # Places first, then values: each loop by itself compiles to vector code. Indices are unsigned, as of signed ones
    # numba asks whether they count from the end. It is `sample_bilinear` to the last bit.
    for v in range(out.shape[0]):
        y0, row = float(v + top), out[v]
        a, b, c = h[0, 1] * y0 + h[0, 2], h[1, 1] * y0 + h[1, 2], h[2, 1] * y0 + h[2, 2]
        for u in range(count):
            x0 = float(u + left)
            w = 1.0 / (h[2, 0] * x0 + c)
            x, y = min(max((h[0, 0] * x0 + a) * w, 0.0), right), min(max((h[1, 0] * x0 + b) * w, 0.0), low)
            j, i = min(np.int32(x), last_column), min(np.int32(y), last_row)
            along[u], down[u], before[u] = np.float32(x - j), np.float32(y - i), i * wide + j
        for u in range(count):
            at = np.uint32(before[u])
            under = at + np.uint32(wide)
            first, second = flat[at], flat[at + np.uint32(1)]
            third, fourth = flat[under], flat[under + np.uint32(1)]
            row[u] = interpolate(first, second, third, fourth, along[u], down[u])


def warp_picture(frame: Float32, homography: Mat33, size_px: int) -> Float32:
    """Return a frame through a homography, float32 (size, size): what `warp_frame` does, compiled, from pixels."""
    out = np.empty((size_px, size_px), np.float32)
    warp_into(np.ascontiguousarray(frame, np.float32), homography, out)
    return out


def warp_part(frame: Float32, homography: Mat33, top: int, left: int, rows: int, columns: int) -> Float32:
    """Return the part of what `warp_picture` returns that begins at a row and a column, float32 (rows, columns)."""
    out = np.empty((rows, columns), np.float32)
    warp_part_into(np.ascontiguousarray(frame, np.float32), homography, top, left, out)
    return out


def warp_frame(frame: Float32, homography: Mat33, size_px: int) -> Float32:
    """Return a frame seen through a normalised homography, (size, size), in plain NumPy."""
    rows, columns = frame.shape
    v, u = np.mgrid[0:size_px, 0:size_px]
    rays = homography @ np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    x = (rays[0] / rays[2] + 1.0) * (columns - 1) / 2.0
    y = (rays[1] / rays[2] + 1.0) * (rows - 1) / 2.0
    return sample_bilinear_twin(frame, x, y).reshape(size_px, size_px).astype(np.float32)


def warp_stack(images: Float32, to: Mat33, rows: int, columns: int) -> Float32:
    """Return images (n, ...) sampled at to @ (u, v, 1), float32 (n, rows, columns)."""
    out = np.empty((len(images), rows, columns), np.float32)
    homography = np.ascontiguousarray(to, np.float64)
    for image, seen in zip(np.ascontiguousarray(images, np.float32), out, strict=True):
        warp_into(image, homography, seen)
    return out


def warp_stack_twin(images: Float32, to: Mat33, rows: int, columns: int) -> Float64:
    """Return what `warp_stack` does."""
    v, u = np.mgrid[0:rows, 0:columns]
    x, y, w = np.einsum("ij,jvu->ivu", to, np.stack([u, v, np.ones_like(u)]).astype(np.float64))
    return np.stack([sample_bilinear_twin(image, x / w, y / w) for image in images])


def warp_supersampled(image: Float32, to: Mat33, size_px: int) -> Float32:
    """Return one image sampled as by `warp_stack`, each pixel the mean of four places, so that less noise is left."""
    out = np.empty((size_px, size_px), np.float32)
    _supersample_into(np.ascontiguousarray(image, np.float32), np.ascontiguousarray(to, np.float64), out)
    return out


def warp_supersampled_twin(image: Float32, to: Mat33, size_px: int) -> Float64:
    """Return what `warp_supersampled` does."""
    to_half = np.array([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25], [0.0, 0.0, 1.0]])
    fine = warp_stack_twin(image[None], to @ to_half, 2 * size_px, 2 * size_px)[0]
    return np.asarray(fine.reshape(size_px, 2, size_px, 2).mean(axis=(1, 3)))


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _supersample_into(image: Float32, h: Mat33, out: Float32) -> None:
    size = out.shape[0]
    for v in range(size):
        for u in range(size):
            w = 1.0 / (h[2, 0] * u + h[2, 1] * v + h[2, 2])
            x0, y0 = (h[0, 0] * u + h[0, 1] * v + h[0, 2]) * w, (h[1, 0] * u + h[1, 1] * v + h[1, 2]) * w
            # Within a pixel the homography is its slopes.
            xu, xv = 0.25 * w * (h[0, 0] - x0 * h[2, 0]), 0.25 * w * (h[0, 1] - x0 * h[2, 1])
            yu, yv = 0.25 * w * (h[1, 0] - y0 * h[2, 0]), 0.25 * w * (h[1, 1] - y0 * h[2, 1])
            total = np.float32(0.0)
            for place in range(4):
                a, b = 2 * (place % 2) - 1, 2 * (place // 2) - 1
                total += sample_bilinear(image, x0 + a * xu + b * xv, y0 + a * yu + b * yv)
            out[v, u] = np.float32(0.25) * total


def stack_frames(frames: Sequence[Float32]) -> Float32:
    """Return frames as one array (frames, rows, columns); smaller ones go on beyond their last row and column."""
    rows, columns = (max(frame.shape[axis] for frame in frames) for axis in (0, 1))
    if all(frame.shape == (rows, columns) for frame in frames):
        return np.stack(frames)
    return np.stack([np.pad(f, ((0, rows - f.shape[0]), (0, columns - f.shape[1])), mode="edge") for f in frames])


def normalised_homography(frame_from_canonical_px: Mat33, rows: int, columns: int) -> Mat33:
    """Return the homography into frame coordinates that run from -1 to 1 between the corner pixels' centres."""
    to_unit = np.array([[2.0 / (columns - 1), 0.0, -1.0], [0.0, 2.0 / (rows - 1), -1.0], [0.0, 0.0, 1.0]])
    return to_unit @ frame_from_canonical_px


def pixel_homography(homography: Mat33, rows: int, columns: int) -> Mat33:
    """Return the homography into frame pixels of a normalised one: the inverse of `normalised_homography`."""
    across, down = (columns - 1) / 2, (rows - 1) / 2
    return np.array([[across, 0.0, across], [0.0, down, down], [0.0, 0.0, 1.0]]) @ homography
