"""Which planes of a volume a ray need not sample: those where it passes blocks of voxels that are all zero.

An object is most often a small part of its box. The blocks that hold some of it are projected into the picture; of each
tile of pixels that is left the first and the last plane that any ray through it can find something in.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat33, Vec3

__all__ = ["BLOCK", "TILE", "occupied_blocks", "planes_of_tiles", "planes_of_tiles_twin"]

BLOCK = 6
"""The side of a block in voxels."""

TILE = 4
"""The side of a tile in pixels."""

_FULL = 0.7
"""From this share of occupied blocks on nothing would be saved."""

_NEVER = 2**30


def occupied_blocks(values: Float32) -> NDArray[np.int32]:
    """Return the first voxel of every block that is not all zero, (n, 3); none where most blocks are not."""
    padded = np.pad(values != 0.0, [(0, -length % BLOCK) for length in values.shape])
    a, b, c = (length // BLOCK for length in padded.shape)
    occupied = padded.reshape(a, BLOCK, b, BLOCK, c, BLOCK).any(axis=(1, 3, 5))
    if occupied.mean() > _FULL:
        return np.empty((0, 3), np.int32)
    return np.ascontiguousarray(BLOCK * np.argwhere(occupied), np.int32)


def planes_of_tiles(
    blocks: NDArray[np.int32], origin: Vec3, index_from_pixel: Mat33, rows: int, columns: int
) -> NDArray[np.int32]:
    """Return the first and last plane that rays through each tile need to sample, (2, tiles down, tiles along).

    Of a tile that no block is seen in, the first is after the last. Without blocks every plane is sampled.

    Parameters
    ----------
    blocks : first voxels of blocks (n, 3), with the axis first that the planes lie across
    origin, index_from_pixel : the rays (`RayFrame`), with their axes in the same order
    """
    out = np.empty((2, -(-rows // TILE), -(-columns // TILE)), np.int32)
    _project(blocks, origin, np.linalg.inv(index_from_pixel), rows, columns, out)
    return out


def planes_of_tiles_twin(
    blocks: NDArray[np.int32], origin: Vec3, index_from_pixel: Mat33, rows: int, columns: int
) -> NDArray[np.int32]:
    """Return what `planes_of_tiles` does, block by block, in NumPy."""
    out = np.empty((2, -(-rows // TILE), -(-columns // TILE)), np.int32)
    out[0], out[1] = (0, _NEVER) if len(blocks) == 0 else (_NEVER, -1)
    for block in blocks.astype(np.float64):
        corners = np.stack(np.meshgrid(*np.stack([block - 1.0, block + BLOCK], axis=1)), axis=-1).reshape(-1, 3)
        seen = (corners - origin) @ np.linalg.inv(index_from_pixel).T
        if (seen[:, 2] <= 1e-6).any():
            out[0], out[1] = 0, _NEVER
            return out
        places = seen[:, :2] / seen[:, 2:]
        low, high = places.min(axis=0), places.max(axis=0)
        if (high < -1).any() or low[0] > columns or low[1] > rows:
            continue
        left, top = (max(int(place) - 1, 0) // TILE for place in low)
        right, bottom = (max(int(place) + 2, 0) // TILE + 1 for place in high)
        tiles = out[:, top:bottom, left:right]
        tiles[0] = np.minimum(tiles[0], block[0])
        tiles[1] = np.maximum(tiles[1], block[0] + BLOCK - 1)
    return out


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _project(
    blocks: NDArray[np.int32], origin: Float64, to: Float64, rows: int, columns: int, out: NDArray[np.int32]
) -> None:
    down, along = out.shape[1], out.shape[2]
    out[0], out[1] = _NEVER, -1
    if len(blocks) == 0:
        out[0], out[1] = 0, _NEVER
    for n in range(len(blocks)):
        left, top, right, bottom = 1e9, 1e9, -1e9, -1e9
        for corner in range(8):
            x = blocks[n, 0] - 1.0 + (BLOCK + 1.0) * (corner & 1) - origin[0]
            y = blocks[n, 1] - 1.0 + (BLOCK + 1.0) * ((corner >> 1) & 1) - origin[1]
            z = blocks[n, 2] - 1.0 + (BLOCK + 1.0) * (corner >> 2) - origin[2]
            w = to[2, 0] * x + to[2, 1] * y + to[2, 2] * z
            if w <= 1e-6:  # at the source, or behind it: no block is left out
                out[0], out[1] = 0, _NEVER
                return
            u, v = (to[0, 0] * x + to[0, 1] * y + to[0, 2] * z) / w, (to[1, 0] * x + to[1, 1] * y + to[1, 2] * z) / w
            left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
        if right < -1.0 or bottom < -1.0 or left > columns or top > rows:
            continue
        for i in range(max(int(top) - 1, 0) // TILE, min(max(int(bottom) + 2, 0) // TILE + 1, down)):
            for j in range(max(int(left) - 1, 0) // TILE, min(max(int(right) + 2, 0) // TILE + 1, along)):
                out[0, i, j] = min(out[0, i, j], blocks[n, 0])
                out[1, i, j] = max(out[1, i, j], blocks[n, 0] + BLOCK - 1)
