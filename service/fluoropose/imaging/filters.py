"""Filters of pictures: blurs, derivatives, local contrast. Compiled ones have a slow, clear twin beside them."""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64

__all__ = [
    "BINOMIAL",
    "block_mean",
    "block_mean_twin",
    "blur",
    "blur_into",
    "blur_twin",
    "box_mean",
    "box_mean_twin",
    "gradients",
    "gradients_twin",
    "local_contrast",
    "local_contrast_twin",
    "local_deviation",
    "pool_blocks",
    "slope_along",
    "slope_down",
]

BINOMIAL = np.array([0.5, 0.25], np.float32)
"""Weights of (1, 2, 1) / 4, from the middle on."""


@njit(inline="always")
def slope_down(image: Float32, v: int, u: int) -> float:
    """Return the derivative down the column at a pixel that is not at the border: a central difference."""
    return np.float32(0.5) * (image[v + 1, u] - image[v - 1, u])


@njit(inline="always")
def slope_along(image: Float32, v: int, u: int) -> float:
    """Return the derivative along the row at a pixel that is not at the border: a central difference."""
    return np.float32(0.5) * (image[v, u + 1] - image[v, u - 1])


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def gradients(image: Float32) -> Float32:
    """Return the derivatives down the columns and along the rows, (2, rows, columns); one-sided at the border."""
    rows, columns = image.shape
    out = np.empty((2, rows, columns), np.float32)
    for u in range(columns):
        out[0, 0, u] = image[1, u] - image[0, u]
        out[0, rows - 1, u] = image[rows - 1, u] - image[rows - 2, u]
    for v in range(1, rows - 1):
        for u in range(columns):
            out[0, v, u] = slope_down(image, v, u)
    for v in range(rows):
        out[1, v, 0] = image[v, 1] - image[v, 0]
        out[1, v, columns - 1] = image[v, columns - 1] - image[v, columns - 2]
        for u in range(1, columns - 1):
            out[1, v, u] = slope_along(image, v, u)
    return out


def gradients_twin(image: Float32 | Float64) -> Float64:
    """Return what `gradients` returns: its specification."""
    down, along = np.gradient(image.astype(np.float64))
    return np.stack([down, along])


@njit(inline="always")
def _inside(place: int, count: int, mirrored: bool) -> int:
    """Return the row or column that stands for one beyond the border."""
    if place < 0:
        return -1 - place if mirrored else 0
    if place >= count:
        return 2 * count - 1 - place if mirrored else count - 1
    return place


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def blur_into(image: Float32, weights: Float32, mirrored: bool, out: Float32) -> None:
    """Write what `blur` returns; `out` is another array than the image.

    Lines are copied by loops: assigned to a slice, they take numba twice as long to compile.
    """
    rows, columns = image.shape
    reach = len(weights) - 1
    line, padded = np.empty(columns, np.float32), np.empty(columns + 2 * reach, np.float32)
    middle, beside = weights[0], weights[1]
    for v in range(rows):
        # Rows and shifted lines as arrays of their own: of a computed place numba asks whether it counts from the end.
        here = image[v]
        above, below = image[_inside(v - 1, rows, mirrored)], image[_inside(v + 1, rows, mirrored)]
        for u in range(columns):
            line[u] = middle * here[u] + beside * (above[u] + below[u])
        for k in range(2, reach + 1):
            above, below = image[_inside(v - k, rows, mirrored)], image[_inside(v + k, rows, mirrored)]
            weight = weights[k]
            for u in range(columns):
                line[u] += weight * (above[u] + below[u])
        inner = padded[reach : reach + columns]
        for u in range(columns):
            inner[u] = line[u]
        for k in range(1, reach + 1):
            padded[reach - k] = line[_inside(-k, columns, mirrored)]
            padded[reach + columns - 1 + k] = line[_inside(columns - 1 + k, columns, mirrored)]
        left, right = padded[reach - 1 :], padded[reach + 1 :]
        for u in range(columns):
            line[u] = middle * line[u] + beside * (left[u] + right[u])
        for k in range(2, reach + 1):
            weight, left, right = weights[k], padded[reach - k :], padded[reach + k :]
            for u in range(columns):
                line[u] += weight * (left[u] + right[u])
        written = out[v]
        for u in range(columns):
            written[u] = line[u]


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def blur(image: Float32, weights: Float32, mirrored: bool = False) -> Float32:
    """Return a picture through a symmetric kernel down its columns and along its rows.

    `weights` are those from the middle on, two at least. Beyond its border the picture goes on with its last pixels, or
    mirrored.
    """
    out = np.empty(image.shape, np.float32)
    blur_into(image, weights, mirrored, out)
    return out


def blur_twin(image: Float32, weights: Float32, mirrored: bool = False) -> Float64:
    """Return what `blur` returns: its specification."""
    kernel = np.concatenate([weights[:0:-1], weights]).astype(np.float64)
    reach, result = len(weights) - 1, image.astype(np.float64)
    for _ in range(2):
        padded = np.pad(result, ((reach, reach), (0, 0)), mode="symmetric" if mirrored else "edge")
        result = sum(w * padded[n : n + result.shape[0]] for n, w in enumerate(kernel)).T  # type: ignore[union-attr]
    return result


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def box_mean(image: Float32, reach: int) -> Float32:
    """Return the mean over 2 reach + 1 pixels each way; the border is repeated."""
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


def box_mean_twin(image: Float32, reach: int) -> Float64:
    """Return what `box_mean` returns: its specification."""
    return blur_twin(image, np.full(reach + 1, 1.0 / (2 * reach + 1)))


def local_contrast(image: Float32, block: int) -> Float32:
    """Return (image - local mean) / local deviation, clipped to +-4; image sides are multiples of `block`."""
    out = np.array(image, np.float32)
    _contrast_in_place(out, block)
    return out


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _contrast_in_place(image: Float32, block: int) -> None:
    rows, columns = image.shape
    mean = _block_mean(image, block)
    squares = np.empty((rows, columns), np.float32)
    for v in range(rows):
        for u in range(columns):
            detail = image[v, u] - mean[v, u]
            image[v, u], squares[v, u] = detail, detail * detail
    power = _block_mean(squares, block)
    even = np.float32(0.1) * np.float32(power.mean()) + np.float32(1e-6)
    least, most = np.float32(-4.0), np.float32(4.0)
    for v in range(rows):
        for u in range(columns):
            image[v, u] = min(max(image[v, u] / np.sqrt(power[v, u] + even), least), most)


def local_contrast_twin(image: Float32, block: int) -> Float32:
    """Return what `local_contrast` returns: its specification."""
    detail = image - block_mean(image, block)
    return np.asarray(np.clip(detail / local_deviation(image, block), -4.0, 4.0), np.float32)


def local_deviation(image: Float32, block: int) -> Float32:
    """Return the deviation of an image about its `block_mean`, never quite 0."""
    detail = image - block_mean(image, block)
    power = block_mean(detail * detail, block)
    return np.asarray(np.sqrt(power + 0.1 * power.mean() + 1e-6), np.float32)


def block_mean(image: Float32, block: int) -> Float32:
    """Mean over blocks, then over 3 x 3 blocks, then bilinear back to full size (pixel areas aligned).

    The image's sides are multiples of `block`, at least two of them.
    """
    return np.asarray(_block_mean(np.ascontiguousarray(image), block), np.float32)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _block_mean(image: Float32, block: int) -> Float32:
    rows, columns = image.shape[0] // block, image.shape[1] // block
    small: Float32 = np.zeros((rows, columns), np.float32)
    for v in range(rows * block):
        for u in range(columns * block):
            small[v // block, u // block] += image[v, u]
    mean = np.empty((rows, columns), np.float32)
    share = np.float32(1.0 / (9 * block * block))
    for row in range(rows):
        for column in range(columns):
            total = 0.0
            for down in range(-1, 2):
                for along in range(-1, 2):
                    total += float(small[min(max(row + down, 0), rows - 1), min(max(column + along, 0), columns - 1)])
            mean[row, column] = total * share
    out = np.empty(image.shape, np.float32)
    for v in range(image.shape[0]):
        y = min(max((v + 0.5) / block - 0.5, 0.0), rows - 1.0)
        top = min(int(y), rows - 2)
        lower = np.float32(y - top)
        for u in range(image.shape[1]):
            x = min(max((u + 0.5) / block - 0.5, 0.0), columns - 1.0)
            left = min(int(x), columns - 2)
            right = np.float32(x - left)
            above = mean[top, left] + right * (mean[top, left + 1] - mean[top, left])
            below = mean[top + 1, left] + right * (mean[top + 1, left + 1] - mean[top + 1, left])
            out[v, u] = above + lower * (below - above)
    return out


def block_mean_twin(image: Float32 | Float64, block: int) -> Float32:
    """Return what `block_mean` returns: its specification."""
    small = np.pad(pool_blocks(image, block), 1, mode="edge")
    rows, columns = small.shape[0] - 2, small.shape[1] - 2
    mean = sum(small[a : a + rows, b : b + columns] for a in range(3) for b in range(3)) / 9.0
    along_rows = _stretch(image.shape[0], block, rows)
    along_columns = _stretch(image.shape[1], block, columns)
    return np.asarray(along_rows @ mean @ along_columns.T, np.float32)


def _stretch(length: int, block: int, count: int) -> Float64:
    """Return the matrix (length, count) of linear interpolation between the centres of blocks."""
    position = np.clip((np.arange(length) + 0.5) / block - 0.5, 0, count - 1)
    low = np.minimum(position.astype(int), count - 2)
    matrix = np.zeros((length, count))
    matrix[np.arange(length), low] = 1.0 - (position - low)
    matrix[np.arange(length), low + 1] = position - low
    return matrix


def pool_blocks(image: Float32, block: int) -> Float32:
    """Return the means of blocks of block x block pixels."""
    rows, columns = image.shape[0] // block, image.shape[1] // block
    return np.asarray(image.reshape(rows, block, columns, block).mean(axis=(1, 3)), np.float32)
