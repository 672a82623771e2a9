"""CUDA kernels that render several pictures of a volume in one launch: one thread per pixel.

They compute what `drr.planes` and `drr.cpu` do, ray by ray, in the same order and with the same number types: where a
ray meets the volume in float64, its samples in float32. Nothing is shared among threads, so that numba's simulator of
CUDA runs them as they are. Of `geometry` and `axes` (`drr.cuda_tables`) each picture has a row.
"""

from math import ceil, sqrt

from numba import cuda
from numpy import float16, float32, int32, uint64

from fluoropose.drr.occupied_blocks import BLOCK, TILE
from fluoropose.drr.pictures import MOST_STORED
from fluoropose.imaging.sampling import interpolate

__all__ = [
    "NEVER",
    "clip_tiles",
    "place_pictures",
    "reset_tiles",
    "round_pictures",
    "sum_planes",
    "sum_steps",
]

NEVER = 2**30
"""A plane beyond any volume's last."""

_WITHIN = 1.0 + 2.0**-10
"""As in `drr.planes`: the largest index along an axis is its length less this."""


@cuda.jit
def reset_tiles(tiles, first, last):  # type: ignore[no-untyped-def]
    """Let every tile of every picture, (pictures, 2, down, along), begin with the planes `first` to `last`."""
    j, i, n = cuda.grid(3)
    if n < tiles.shape[0] and i < tiles.shape[2] and j < tiles.shape[3]:
        tiles[n, 0, i, j] = first
        tiles[n, 1, i, j] = last


@cuda.jit
def clip_tiles(blocks, axes, geometry, rows, columns, tiles):  # type: ignore[no-untyped-def]
    """Widen the planes of the tiles that see a block (`occupied_blocks.planes_of_tiles`): one thread for each block."""
    b, n = cuda.grid(2)
    if b >= blocks.shape[0] or n >= axes.shape[0]:
        return
    down, along = tiles.shape[2], tiles.shape[3]
    begin = blocks[b, axes[n, 6]]
    left, top, right, bottom = 1e9, 1e9, -1e9, -1e9
    for corner in range(8):
        x = begin - 1.0 + (BLOCK + 1.0) * (corner & 1) - geometry[n, 0]
        y = blocks[b, axes[n, 7]] - 1.0 + (BLOCK + 1.0) * ((corner >> 1) & 1) - geometry[n, 1]
        z = blocks[b, axes[n, 8]] - 1.0 + (BLOCK + 1.0) * (corner >> 2) - geometry[n, 2]
        w = geometry[n, 27] * x + geometry[n, 28] * y + geometry[n, 29] * z
        if w <= 1e-6:  # at the source, or behind it: no plane is left out
            for i in range(down):
                for j in range(along):
                    cuda.atomic.min(tiles, (n, 0, i, j), 0)
                    cuda.atomic.max(tiles, (n, 1, i, j), NEVER)
            return
        u = (geometry[n, 21] * x + geometry[n, 22] * y + geometry[n, 23] * z) / w
        v = (geometry[n, 24] * x + geometry[n, 25] * y + geometry[n, 26] * z) / w
        left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
    if right < -1.0 or bottom < -1.0 or left > columns or top > rows:
        return
    for i in range(max(int(top) - 1, 0) // TILE, min(max(int(bottom) + 2, 0) // TILE + 1, down)):
        for j in range(max(int(left) - 1, 0) // TILE, min(max(int(right) + 2, 0) // TILE + 1, along)):
            # Most blocks widen nothing. A value that is out of date is too narrow, and then the atomic call decides.
            if tiles[n, 0, i, j] > begin:
                cuda.atomic.min(tiles, (n, 0, i, j), begin)
            if tiles[n, 1, i, j] < begin + BLOCK - 1:
                cuda.atomic.max(tiles, (n, 1, i, j), begin + BLOCK - 1)


@cuda.jit(device=True)
def _slope(geometry, n, row, u, v):  # type: ignore[no-untyped-def]
    """Return a row of a matrix of `geometry` times (u, v, 1)."""
    return geometry[n, row] * u + geometry[n, row + 1] * v + geometry[n, row + 2]


@cuda.jit(device=True)
def _depths(near, far, origin, slope, most):  # type: ignore[no-untyped-def]
    """Return near and far depth, cut to where a ray's index along one axis is within 0 and `most`."""
    s = slope if abs(slope) > 1e-12 else 1e-12
    first, second = -origin / s, (most - origin) / s
    return max(near, min(first, second)), min(far, max(first, second))


@cuda.jit(device=True)
def _length(geometry, n, u, v):  # type: ignore[no-untyped-def]
    """Return the mm of ray per mm of depth."""
    a, b, c = _slope(geometry, n, 12, u, v), _slope(geometry, n, 15, u, v), _slope(geometry, n, 18, u, v)
    return sqrt(a * a + b * b + c * c)


@cuda.jit(device=True)
def _sum(flat, axes, n, x_start, y_start, x_step, y_step, first, stop):  # type: ignore[no-untyped-def]
    """Return the sum of a ray's samples in the planes `first` to before `stop`; it crosses plane p at x + p dx."""
    right, low = float32(axes[n, 1] - _WITHIN), float32(axes[n, 2] - _WITHIN)
    plane, along, across = uint64(axes[n, 3]), uint64(axes[n, 4]), uint64(axes[n, 5])
    zero, total = float32(0.0), float32(0.0)
    for p in range(first, stop):
        x = min(max(x_start + x_step * float32(p), zero), right)
        y = min(max(y_start + y_step * float32(p), zero), low)
        i, j = int32(x), int32(y)
        fx, fy = x - float32(i), y - float32(j)
        at = uint64(p) * plane + uint64(i) * along + uint64(j) * across
        under = at + along
        total += interpolate(flat[at], flat[at + across], flat[under], flat[under + across], fy, fx)
    return total


@cuda.jit
def sum_planes(flat, axes, geometry, tiles, out):  # type: ignore[no-untyped-def]
    """Write pictures (pictures, rows, columns): `planes.PlaneRenderer`."""
    u, v, n = cuda.grid(3)
    if n >= axes.shape[0] or v >= out.shape[1] or u >= out.shape[2]:
        return
    out[n, v, u] = float32(0.0)
    lowest, highest = tiles[n, 0, v // TILE, u // TILE], tiles[n, 1, v // TILE, u // TILE]
    if lowest > highest:
        return
    a, b, c = _slope(geometry, n, 3, u, v), _slope(geometry, n, 6, u, v), _slope(geometry, n, 9, u, v)
    near, far = _depths(0.0, 1e30, geometry[n, 0], a, axes[n, 0] - 1.0)
    near, far = _depths(near, far, geometry[n, 1], b, axes[n, 1] - 1.0)
    near, far = _depths(near, far, geometry[n, 2], c, axes[n, 2] - 1.0)
    if far <= near:
        return
    one, other = geometry[n, 0] + near * a, geometry[n, 0] + far * a
    begin, end = min(one, other), max(one, other)
    first, last = int(begin + 0.5), int(end + 0.5)
    dx, dy = b / a, c / a
    x, y = float32(geometry[n, 1] - geometry[n, 0] * dx), float32(geometry[n, 2] - geometry[n, 0] * dy)
    x_step, y_step = float32(dx), float32(dy)
    total = float(_sum(flat, axes, n, x, y, x_step, y_step, max(first, lowest), min(last, highest) + 1))
    # Only a part of the cell around the first plane, and around the last, lies inside the box.
    if first >= lowest:
        total -= (begin - (first - 0.5)) * _sum(flat, axes, n, x, y, x_step, y_step, first, first + 1)
    if last <= highest:
        total -= (last + 0.5 - end) * _sum(flat, axes, n, x, y, x_step, y_step, last, last + 1)
    out[n, v, u] = float32(total * _length(geometry, n, u, v) / abs(a))


@cuda.jit
def sum_steps(flat, axes, geometry, step_mm, out):  # type: ignore[no-untyped-def]
    """Write pictures (pictures, rows, columns): `cpu.CpuRenderer`."""
    u, v, n = cuda.grid(3)
    if n >= axes.shape[0] or v >= out.shape[1] or u >= out.shape[2]:
        return
    out[n, v, u] = float32(0.0)
    a, b, c = _slope(geometry, n, 3, u, v), _slope(geometry, n, 6, u, v), _slope(geometry, n, 9, u, v)
    near, far = _depths(0.0, 1e30, geometry[n, 0], a, axes[n, 0] - 1.0)
    near, far = _depths(near, far, geometry[n, 1], b, axes[n, 1] - 1.0)
    near, far = _depths(near, far, geometry[n, 2], c, axes[n, 2] - 1.0)
    if far <= near:
        return
    length_mm = (far - near) * _length(geometry, n, u, v)
    steps = int(ceil(length_mm / step_mm))
    depth = (far - near) / steps
    x, dx = float32(geometry[n, 0] + (near + 0.5 * depth) * a), float32(a * depth)
    y, dy = float32(geometry[n, 1] + (near + 0.5 * depth) * b), float32(b * depth)
    z, dz = float32(geometry[n, 2] + (near + 0.5 * depth) * c), float32(c * depth)
    out[n, v, u] = _sum_samples(flat, axes, n, x, y, z, dx, dy, dz, steps) * float32(length_mm / steps)


@cuda.jit(device=True)
def _sum_samples(flat, axes, n, x, y, z, dx, dy, dz, steps):  # type: ignore[no-untyped-def]
    """Return the sum of a ray's trilinear samples at (x, y, z) + step (dx, dy, dz)."""
    last_x, last_y, last_z = int32(axes[n, 0] - 2), int32(axes[n, 1] - 2), int32(axes[n, 2] - 2)
    most_x, most_y, most_z = float32(axes[n, 0] - 1), float32(axes[n, 1] - 1), float32(axes[n, 2] - 1)
    plane, along, across = uint64(axes[n, 3]), uint64(axes[n, 4]), uint64(axes[n, 5])
    zero, total = float32(0.0), float32(0.0)
    for step in range(steps):
        px = min(max(x + dx * float32(step), zero), most_x)
        py = min(max(y + dy * float32(step), zero), most_y)
        pz = min(max(z + dz * float32(step), zero), most_z)
        i, j, k = min(int32(px), last_x), min(int32(py), last_y), min(int32(pz), last_z)
        fx, fy, fz = px - float32(i), py - float32(j), pz - float32(k)
        at = uint64(i) * plane + uint64(j) * along + uint64(k) * across
        under = at + along
        upper = interpolate(flat[at], flat[at + across], flat[under], flat[under + across], fz, fy)
        at, under = at + plane, under + plane
        lower = interpolate(flat[at], flat[at + across], flat[under], flat[under + across], fz, fy)
        total += upper + fx * (lower - upper)
    return total


@cuda.jit
def round_pictures(pictures, halves):  # type: ignore[no-untyped-def]
    """Write the first pictures as float16, cut at the largest line integral that is stored."""
    u, v, n = cuda.grid(3)
    if n < halves.shape[0] and v < halves.shape[1] and u < halves.shape[2]:
        halves[n, v, u] = float16(min(pictures[n, v, u], MOST_STORED))


@cuda.jit
def place_pictures(halves, places, out):  # type: ignore[no-untyped-def]
    """Copy the first pictures to their places."""
    u, v, n = cuda.grid(3)
    if n < places.shape[0] and v < halves.shape[1] and u < halves.shape[2]:
        out[places[n], v, u] = halves[n, v, u]
