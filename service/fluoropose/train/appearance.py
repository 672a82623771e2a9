"""How a training frame may look: the object's line integrals become a frame as many detectors would show it.

Everything is drawn per sample and written down here (lengths in canonical pixels, images of line integrals):

    object contrast         times 0.5 to 1.8 (log-uniform)
    soft tissue             0.2 to 3.0, a slope, and value noise of four octaves (0 to 0.6 each, falling)
    other bones             0 to 4 bars, straight tubes with a cortex, 0.05 to 0.7, width 4 to 30
    instruments             0 to 3 thin lines and balls, 0.3 to 4, width 1 to 5
    blur                    Gaussian, sigma 0.3 to 1.4
    scatter and dark level  0 to 12 % of the open beam, smooth
    noise                   quantum (300 to 60,000 counts in the open beam) and electronic (1 to 6 counts)
    look-up                 half of the frames: a monotone power of the line integral, 0.5 to 2
    collimation             a third of the frames: up to four straight leaves or a circle
    empty                   frames without the object, for the presence output, drawn by the caller
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64

__all__ = ["AppearanceDraws", "draw_appearance", "dress", "warp_images"]

_BARS, _LINES = 4, 3
_OCTAVES = (3, 5, 9, 17)
_BLUR_RADIUS = 4


@dataclass(frozen=True, slots=True, eq=False)
class AppearanceDraws:
    """The random numbers of a batch; arrays start with the batch axis."""

    scalars: Float32
    bars: Float32
    noise_grids: tuple[Float32, ...]
    white: Float32
    leaves: Float32


def draw_appearance(rng: np.random.Generator, batch: int, size_px: int, strength: float = 1.0) -> AppearanceDraws:
    """Return what `dress` needs for `batch` frames; `strength` 0 gives nearly clean ones, 1 the full spread."""
    scalars = np.empty((batch, 12), np.float32)
    scalars[:, 0] = np.exp(rng.uniform(np.log(0.5), np.log(1.8), batch))
    scalars[:, 1] = rng.uniform(0.2, 3.0, batch)
    scalars[:, 2:4] = rng.uniform(-0.6, 0.6, (batch, 2)) * strength
    scalars[:, 4] = rng.uniform(0.0, 0.6, batch) * rng.uniform(0.0, 1.0, batch) * strength
    scalars[:, 5] = rng.uniform(0.3, 1.4, batch)
    scalars[:, 6] = rng.uniform(0.0, 0.12, batch) * strength
    scalars[:, 7] = np.exp(rng.uniform(np.log(300.0), np.log(60000.0), batch))
    scalars[:, 8] = rng.uniform(1.0, 6.0, batch)
    look_up = np.exp(rng.uniform(np.log(0.5), np.log(2.0), batch))
    scalars[:, 9] = np.where(rng.random(batch) < 0.5 * strength, look_up, 1.0)
    scalars[:, 10] = rng.random(batch) < 0.12 * strength
    scalars[:, 11] = rng.uniform(0.42, 0.75, batch) * size_px
    return AppearanceDraws(
        scalars,
        _draw_bars(rng, batch, size_px, strength),
        tuple(rng.standard_normal((batch, n, n), dtype=np.float32) for n in _OCTAVES),
        rng.standard_normal((batch, size_px, size_px), dtype=np.float32),
        _draw_leaves(rng, batch, size_px, strength),
    )


def _draw_bars(rng: np.random.Generator, batch: int, size_px: int, strength: float) -> Float32:
    """Return per bar (x0, y0, x1, y1, radius, amplitude, inner share of the radius)."""
    bars = np.zeros((batch, _BARS + _LINES, 7), np.float32)
    bars[:, :, :4] = rng.uniform(-0.3, 1.3, (batch, _BARS + _LINES, 4)) * size_px
    bars[:, :_BARS, 4] = rng.uniform(0.03, 0.24, (batch, _BARS)) * size_px / 2
    bars[:, :_BARS, 5] = rng.uniform(0.05, 0.7, (batch, _BARS)) * (rng.random((batch, _BARS)) < 0.45 * strength)
    bars[:, :_BARS, 6] = rng.uniform(0.0, 0.85, (batch, _BARS))
    bars[:, _BARS:, 4] = rng.uniform(0.5, 2.5, (batch, _LINES))
    loud = np.exp(rng.uniform(np.log(0.3), np.log(4.0), (batch, _LINES)))
    bars[:, _BARS:, 5] = loud * (rng.random((batch, _LINES)) < 0.2 * strength)
    balls = rng.random((batch, _LINES)) < 0.3
    bars[:, _BARS:, 2:4] = np.where(balls[..., None], bars[:, _BARS:, 0:2] + 0.1, bars[:, _BARS:, 2:4])
    return bars


def _draw_leaves(rng: np.random.Generator, batch: int, size_px: int, strength: float) -> Float32:
    """Return per leaf (nx, ny, distance): dark where nx x + ny y > distance from the centre; 0, 0, 1 where open."""
    leaves = np.zeros((batch, 4, 3), np.float32)
    leaves[:, :, 2] = 1.0
    closed = (rng.random((batch, 1)) < 0.3 * strength) & (rng.random((batch, 4)) < 0.5)
    angle = rng.uniform(0, 2 * np.pi, (batch, 1)) + np.arange(4) * np.pi / 2
    leaves[:, :, 0] = np.where(closed, np.cos(angle), 0.0)
    leaves[:, :, 1] = np.where(closed, np.sin(angle), 0.0)
    leaves[:, :, 2] = np.where(closed, rng.uniform(0.3, 0.7, (batch, 4)) * size_px, 1.0)
    return leaves


def dress(objects: Float32, draws: AppearanceDraws) -> Float32:
    """Return frames as line integrals, float32 (batch, size, size), from the objects' own line integrals."""
    frames = np.empty_like(objects)
    _dress(objects, draws.scalars, draws.bars, *draws.noise_grids, draws.white, draws.leaves, frames)
    return frames


@njit(inline="always")
def _value_noise(grid: Float32, x: float, y: float, size: int) -> float:
    n = grid.shape[0] - 1
    gx, gy = x * n / size, y * n / size
    i, j = min(int(gy), n - 1), min(int(gx), n - 1)
    fy, fx = gy - i, gx - j
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    top = grid[i, j] + fx * (grid[i, j + 1] - grid[i, j])
    low = grid[i + 1, j] + fx * (grid[i + 1, j + 1] - grid[i + 1, j])
    return top + fy * (low - top)


@njit(inline="always")
def _bar(bar: Float32, x: float, y: float) -> float:
    ax, ay = bar[2] - bar[0], bar[3] - bar[1]
    t = ((x - bar[0]) * ax + (y - bar[1]) * ay) / (ax * ax + ay * ay + 1e-6)
    t = min(max(t, 0.0), 1.0)
    dx, dy = x - bar[0] - t * ax, y - bar[1] - t * ay
    squared = (dx * dx + dy * dy) / (bar[4] * bar[4])
    if squared >= 1.0:
        return 0.0
    chord = np.sqrt(1.0 - squared)
    inner = bar[6] * bar[6]
    if squared < inner:
        chord -= 0.9 * np.sqrt(inner - squared)
    return bar[5] * chord


@njit(parallel=True, cache=True, fastmath=True)
def _dress(
    objects: Float32,
    scalars: Float32,
    bars: Float32,
    grid0: Float32,
    grid1: Float32,
    grid2: Float32,
    grid3: Float32,
    white: Float32,
    leaves: Float32,
    frames: Float32,
) -> None:
    batch, size, _ = objects.shape
    middle = 0.5 * (size - 1)
    for b in prange(batch):
        p = scalars[b]
        beam = np.empty((size, size), np.float32)
        for v in range(size):
            for u in range(size):
                field = (
                    _value_noise(grid0[b], u, v, size)
                    + 0.6 * _value_noise(grid1[b], u, v, size)
                    + 0.35 * _value_noise(grid2[b], u, v, size)
                    + 0.2 * _value_noise(grid3[b], u, v, size)
                )
                slope = p[2] * (u - middle) / size + p[3] * (v - middle) / size
                total = p[0] * objects[b, v, u] + max(p[1] + slope + p[4] * field, 0.0)
                for n in range(bars.shape[1]):
                    if bars[b, n, 5] > 0.0:
                        total += _bar(bars[b, n], u, v)
                beam[v, u] = np.exp(-total)
        _blur(beam, p[5])
        mean = np.mean(beam)
        for v in range(size):
            for u in range(size):
                signal = beam[v, u] + p[6] * (0.5 * mean + 0.5 * np.exp(-p[1]))
                sigma = np.sqrt(signal / p[7] + (p[8] / p[7]) ** 2)
                seen = signal + sigma * white[b, v, u]
                x, y = u - middle, v - middle
                for n in range(4):
                    if leaves[b, n, 0] * x + leaves[b, n, 1] * y > leaves[b, n, 2]:
                        seen = 0.002
                if p[10] > 0.5 and x * x + y * y > p[11] * p[11]:
                    seen = 0.002
                line = -np.log(max(seen, 0.0015) / 1.0)
                frames[b, v, u] = line if p[9] == 1.0 else 3.0 * (max(line, 0.0) / 3.0) ** p[9]


@njit(inline="always")
def _blur(image: Float32, sigma: float) -> None:
    size = image.shape[0]
    weights = np.empty(2 * _BLUR_RADIUS + 1, np.float32)
    for n in range(-_BLUR_RADIUS, _BLUR_RADIUS + 1):
        weights[n + _BLUR_RADIUS] = np.exp(-0.5 * (n / sigma) ** 2)
    weights /= weights.sum()
    other = np.empty_like(image)
    for v in range(size):
        for u in range(size):
            total = np.float32(0.0)
            for n in range(-_BLUR_RADIUS, _BLUR_RADIUS + 1):
                total += weights[n + _BLUR_RADIUS] * image[v, min(max(u + n, 0), size - 1)]
            other[v, u] = total
    for v in range(size):
        for u in range(size):
            total = np.float32(0.0)
            for n in range(-_BLUR_RADIUS, _BLUR_RADIUS + 1):
                total += weights[n + _BLUR_RADIUS] * other[min(max(v + n, 0), size - 1), u]
            image[v, u] = total


def warp_images(images: Float32, choice: NDArray[np.int64], homographies: Float64, size_px: int) -> Float32:
    """Return `images[choice[b]]` sampled at homographies[b] @ (u, v, 1), zero outside, (batch, size, size)."""
    out = np.empty((len(choice), size_px, size_px), np.float32)
    _warp(images, choice, homographies, out)
    return out


@njit(parallel=True, cache=True, fastmath=True)
def _warp(images: Float32, choice: NDArray[np.int64], homographies: Float64, out: Float32) -> None:
    rows, columns = images.shape[1], images.shape[2]
    for b in prange(out.shape[0]):
        h = homographies[b]
        image = images[choice[b]]
        for v in range(out.shape[1]):
            for u in range(out.shape[2]):
                w = h[2, 0] * u + h[2, 1] * v + h[2, 2]
                x = (h[0, 0] * u + h[0, 1] * v + h[0, 2]) / w
                y = (h[1, 0] * u + h[1, 1] * v + h[1, 2]) / w
                i, j = int(np.floor(y)), int(np.floor(x))
                if i < 0 or j < 0 or i >= rows - 1 or j >= columns - 1:
                    out[b, v, u] = 0.0
                    continue
                fy, fx = np.float32(y - i), np.float32(x - j)
                top = image[i, j] + fx * (image[i, j + 1] - image[i, j])
                low = image[i + 1, j] + fx * (image[i + 1, j + 1] - image[i + 1, j])
                out[b, v, u] = top + fy * (low - top)
