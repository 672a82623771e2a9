"""Filters of pictures: blurs, derivatives, local contrast. Compiled ones have a slow, clear twin beside them."""

import numpy as np

from fluoropose.arrays import Float32, Float64

__all__ = ["block_mean", "local_contrast", "local_deviation", "pool_blocks"]


def local_contrast(image: Float32, block: int) -> Float32:
    """Return (image - local mean) / local deviation, clipped to +-4; image sides are multiples of `block`."""
    detail = image - block_mean(image, block)
    return np.asarray(np.clip(detail / local_deviation(image, block), -4.0, 4.0), np.float32)


def local_deviation(image: Float32, block: int) -> Float32:
    detail = image - block_mean(image, block)
    power = block_mean(detail * detail, block)
    return np.asarray(np.sqrt(power + 0.1 * power.mean() + 1e-6), np.float32)


def block_mean(image: Float32, block: int) -> Float32:
    """Mean over blocks, then over 3 x 3 blocks, then bilinear back to full size (pixel areas aligned)."""
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
    rows, columns = image.shape[0] // block, image.shape[1] // block
    return np.asarray(image.reshape(rows, block, columns, block).mean(axis=(1, 3)), np.float32)
