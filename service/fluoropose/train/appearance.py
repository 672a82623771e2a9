"""The appearance of training frames: the object's line integrals become a frame as one of many detectors shows it.

Each sample has its own random values of all that is listed here (lengths in canonical pixels, line integrals):

    object contrast         times 0.5 to 1.8 (log-uniform)
    beam hardening          its line integral L becomes L / sqrt(1 + h L), h 0 to 0.8; metal at 110 kV: about 0.4
    surroundings            the rest of the object's CT, where there is one, on nine of ten frames, with the object's
                            contrast times 0.7 to 1.4; such frames have a third of the tissue's noise, bones and
                            organs below, and 400 to 20,000 quanta behind the patient
    soft tissue             0.2 to 3.0, a slope, and value noise of four octaves (0 to 0.6 each, falling)
    other bones             0 to 4 bars, straight tubes with a cortex, 0.1 to 1.4, width 4 to 30
    organs, gas, limbs      0 to 3 large rounded bodies with a sharp rim, -0.5 to 0.8
    instruments             0 to 3 thin lines and balls, 0.3 to 4, width 1 to 5
    blur                    Gaussian, sigma 0.25 to 1.4 (log-uniform); after the logarithm what a bilinear warp adds
    scatter and dark level  0 to 80 % of what reaches the detector beside the object, smooth
    noise                   quantum (300 to 60,000 counts in the open beam) and electronic (1 to 6 counts)
    look-up                 half of the frames: a monotone power of the line integral, 0.5 to 2
    collimation             a third of the frames: up to four straight leaves or a circle
    empty                   frames without the object, for the presence output, drawn by the caller
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from fluoropose.arrays import Bool, Float32, Float64
from fluoropose.imaging.filters import blur, blur_into
from fluoropose.imaging.kernels import ONE_KERNEL
from fluoropose.imaging.sampling import sample_or_zero

__all__ = ["AppearanceDraws", "apply_appearance", "draw_appearance", "warp_images"]

_BARS, _LINES, _BODIES = 4, 3, 3
_OCTAVES = (3, 5, 9, 17)
_BLUR_RADIUS = 4

_SYNTHETIC_SHARE = 0.35
"""Share of bones and bodies, and of the strength of tissue noise, that is left where a CT's own anatomy is shown."""

_COUNTS_BEHIND_PATIENT = (400.0, 20000.0)
"""Quanta in a canonical pixel behind the patient."""


@dataclass(frozen=True, slots=True, eq=False)
class AppearanceDraws:
    """The random numbers of a batch; arrays start with the batch axis."""

    scalars: Float32
    bars: Float32
    noise_grids: tuple[Float32, ...]
    white: Float32
    leaves: Float32

    @property
    def contrasts(self) -> Float32:
        """What the object's line integrals are multiplied by, (batch,)."""
        return self.scalars[:, 0]

    def reduce_in_body(self, where: Bool, rng: np.random.Generator) -> "AppearanceDraws":
        """Return the draws with less synthetic anatomy in the frames that show the rest of a CT, `where` (batch,).

        The dose of those frames is set behind the patient, as automatic exposure sets it, and no longer depends on how
        thick the patient is.
        """
        bars, scalars = self.bars.copy(), self.scalars.copy()
        removed = rng.random(bars.shape[:2]) >= _SYNTHETIC_SHARE
        removed[:, _BARS : _BARS + _LINES] = False
        bars[removed & where[:, None], 5] = 0.0
        behind = np.exp(rng.uniform(np.log(_COUNTS_BEHIND_PATIENT[0]), np.log(_COUNTS_BEHIND_PATIENT[1]), len(where)))
        scalars[where, 4] *= _SYNTHETIC_SHARE
        scalars[where, 7] = (behind * np.exp(scalars[:, 1]))[where]
        return replace(self, bars=bars, scalars=scalars)


def draw_appearance(rng: np.random.Generator, batch: int, size_px: int, strength: float = 1.0) -> AppearanceDraws:
    """Return random values for `batch` frames; `strength` 0 gives nearly clean frames, 1 the full spread."""
    scalars = np.empty((batch, 14), np.float32)
    scalars[:, 0] = np.exp(rng.uniform(np.log(0.5), np.log(1.8), batch))
    scalars[:, 1] = rng.uniform(0.2, 3.0, batch)
    scalars[:, 2:4] = rng.uniform(-0.6, 0.6, (batch, 2)) * strength
    scalars[:, 4] = rng.uniform(0.0, 0.6, batch) * rng.uniform(0.0, 1.0, batch) * strength
    scalars[:, 5] = np.exp(rng.uniform(np.log(0.25), np.log(1.4), batch))
    scalars[:, 6] = 0.8 * rng.uniform(0.0, 1.0, batch) ** 1.5 * strength
    scalars[:, 7] = np.exp(rng.uniform(np.log(300.0), np.log(60000.0), batch))
    scalars[:, 8] = rng.uniform(1.0, 6.0, batch)
    look_up = np.exp(rng.uniform(np.log(0.5), np.log(2.0), batch))
    scalars[:, 9] = np.where(rng.random(batch) < 0.5 * strength, look_up, 1.0)
    scalars[:, 10] = rng.random(batch) < 0.12 * strength
    scalars[:, 11] = rng.uniform(0.42, 0.75, batch) * size_px
    scalars[:, 12] = rng.uniform(0.5, 1.0, batch) ** 2 / 6.0
    scalars[:, 13] = rng.uniform(0.0, 0.8, batch) * strength
    return AppearanceDraws(
        scalars,
        _draw_bars(rng, batch, size_px, strength),
        tuple(rng.standard_normal((batch, n, n), dtype=np.float32) for n in _OCTAVES),
        rng.standard_normal((batch, size_px, size_px), dtype=np.float32),
        _draw_leaves(rng, batch, size_px, strength),
    )


def _draw_bars(rng: np.random.Generator, batch: int, size_px: int, strength: float) -> Float32:
    """Return per bar (x0, y0, x1, y1, radius, amplitude, inner share of the radius)."""
    bars = np.zeros((batch, _BARS + _LINES + _BODIES, 7), np.float32)
    bars[:, :, :4] = rng.uniform(-0.3, 1.3, (batch, _BARS + _LINES + _BODIES, 4)) * size_px
    bars[:, :_BARS, 4] = rng.uniform(0.03, 0.24, (batch, _BARS)) * size_px / 2
    bars[:, :_BARS, 5] = np.exp(rng.uniform(np.log(0.1), np.log(1.4), (batch, _BARS)))
    bars[:, :_BARS, 5] *= rng.random((batch, _BARS)) < 0.6 * strength
    bars[:, :_BARS, 6] = rng.uniform(0.0, 0.85, (batch, _BARS))
    lines, bodies = slice(_BARS, _BARS + _LINES), slice(_BARS + _LINES, None)
    bars[:, lines, 4] = rng.uniform(0.5, 2.5, (batch, _LINES))
    amplitudes = np.exp(rng.uniform(np.log(0.3), np.log(4.0), (batch, _LINES)))
    bars[:, lines, 5] = amplitudes * (rng.random((batch, _LINES)) < 0.2 * strength)
    balls = rng.random((batch, _LINES)) < 0.3
    bars[:, lines, 2:4] = np.where(balls[..., None], bars[:, lines, 0:2] + 0.1, bars[:, lines, 2:4])
    bars[:, bodies, 2:4] = bars[:, bodies, 0:2] + rng.normal(0.0, 0.25, (batch, _BODIES, 2)) * size_px
    bars[:, bodies, 4] = rng.uniform(0.1, 0.7, (batch, _BODIES)) * size_px
    bars[:, bodies, 5] = rng.uniform(-0.5, 0.8, (batch, _BODIES)) * (rng.random((batch, _BODIES)) < 0.4 * strength)
    return bars


def _draw_leaves(rng: np.random.Generator, batch: int, size_px: int, strength: float) -> Float32:
    """Return (nx, ny, distance) of each leaf, (0, 0, 1) of an open one.

    A pixel (x, y) from the picture's centre is dark where nx x + ny y > distance.
    """
    leaves = np.zeros((batch, 4, 3), np.float32)
    leaves[:, :, 2] = 1.0
    closed = (rng.random((batch, 1)) < 0.3 * strength) & (rng.random((batch, 4)) < 0.5)
    angle = rng.uniform(0, 2 * np.pi, (batch, 1)) + np.arange(4) * np.pi / 2
    leaves[:, :, 0] = np.where(closed, np.cos(angle), 0.0)
    leaves[:, :, 1] = np.where(closed, np.sin(angle), 0.0)
    leaves[:, :, 2] = np.where(closed, rng.uniform(0.3, 0.7, (batch, 4)) * size_px, 1.0)
    return leaves


def apply_appearance(objects: Float32, draws: AppearanceDraws, surroundings: Float32 | None = None) -> Float32:
    """Return frames as a detector shows them.

    Parameters
    ----------
    objects : float32 (batch, size, size), the objects' own line integrals
    draws : the random values of the frames
    surroundings : float32 (batch, size, size), line integrals of the rest of the CT; none where it is not known

    Returns
    -------
    frames : float32 (batch, size, size), line integrals
    """
    frames = np.empty_like(objects)
    around = np.zeros_like(objects) if surroundings is None else surroundings
    with ONE_KERNEL:
        _compute_frames(
            objects, around, draws.scalars, draws.bars, *draws.noise_grids, draws.white, draws.leaves, frames
        )
    return frames


@njit(inline="always")
def _value_noise(grid: Float32, x: float, y: float) -> float:
    """Return smooth noise between the grid's values; x and y run from 0 to 1."""
    n = grid.shape[0] - 1
    gx, gy = x * n, y * n
    i, j = min(int(gy), n - 1), min(int(gx), n - 1)
    fy, fx = gy - i, gx - j
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    top = grid[i, j] + fx * (grid[i, j + 1] - grid[i, j])
    low = grid[i + 1, j] + fx * (grid[i + 1, j + 1] - grid[i + 1, j])
    return top + fy * (low - top)


@njit(cache=True, fastmath=True)
def _add_tissue(total: Float32, p: Float32, a: Float32, b: Float32, c: Float32, d: Float32) -> None:
    """Add base, slope and noise; the noise is computed at every fourth pixel, as it has no finer detail."""
    size = total.shape[0]
    side = size // 4 + 1
    coarse = np.empty((side, side), np.float32)
    for i in range(side):
        for j in range(side):
            x, y = np.float32(j) / (side - 1), np.float32(i) / (side - 1)
            field = _value_noise(a, x, y) + 0.6 * _value_noise(b, x, y)
            field += 0.35 * _value_noise(c, x, y) + 0.2 * _value_noise(d, x, y)
            coarse[i, j] = max(p[1] + p[2] * (x - 0.5) + p[3] * (y - 0.5) + p[4] * field, 0.0)
    for v in range(size):
        i, fy = v // 4, np.float32(0.25) * (v % 4)
        for u in range(size):
            j, fx = u // 4, np.float32(0.25) * (u % 4)
            top = coarse[i, j] + fx * (coarse[i, j + 1] - coarse[i, j])
            low = coarse[i + 1, j] + fx * (coarse[i + 1, j + 1] - coarse[i + 1, j])
            total[v, u] += top + fy * (low - top)


@njit(cache=True, fastmath=True)
def _add_bar(total: Float32, bar: Float32) -> None:
    """Add the chord of a tube with a hollow; only pixels in the strip that the tube can reach are visited."""
    size = total.shape[0]
    x0, y0, radius, inner = bar[0], bar[1], bar[4], bar[6] * bar[6]
    ax, ay = bar[2] - x0, bar[3] - y0
    squared_length = ax * ax + ay * ay + np.float32(1e-6)
    length = np.sqrt(squared_length)
    per_radius = np.float32(1.0) / (radius * radius)
    first = max(int(min(y0, bar[3]) - radius), 0)
    last = min(int(max(y0, bar[3]) + radius) + 2, size)
    for v in range(first, last):
        left, right = min(x0, bar[2]) - radius, max(x0, bar[2]) + radius
        if abs(ay) > np.float32(1e-3):
            middle = x0 + (v - y0) * ax / ay
            reach = radius * length / abs(ay)
            left, right = max(left, middle - reach), min(right, middle + reach)
        for u in range(max(int(left), 0), min(int(right) + 2, size)):
            px, py = u - x0, v - y0
            t = min(max((px * ax + py * ay) / squared_length, np.float32(0.0)), np.float32(1.0))
            dx, dy = px - t * ax, py - t * ay
            squared = (dx * dx + dy * dy) * per_radius
            if squared < np.float32(1.0):
                chord = np.sqrt(np.float32(1.0) - squared)
                if squared < inner:
                    chord -= np.float32(0.9) * np.sqrt(inner - squared)
                total[v, u] += bar[5] * chord


@njit(parallel=True, cache=True, fastmath=True)
def _compute_frames(
    objects: Float32,
    surroundings: Float32,
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
    """Write the frames: everything that absorbs, then blur, scatter, noise, collimation, look-up and blend.

    Loops instead of expressions of arrays, and parts that are functions of their own, take numba half as long.
    """
    batch, size, _ = objects.shape
    for b in prange(batch):
        p = scalars[b]
        beam = np.empty((size, size), np.float32)
        for v in range(size):
            for u in range(size):
                line = objects[b, v, u]
                beam[v, u] = p[0] * line / np.sqrt(np.float32(1.0) + p[13] * line) + surroundings[b, v, u]
        _add_tissue(beam, p, grid0[b], grid1[b], grid2[b], grid3[b])
        for n in range(bars.shape[1]):
            if bars[b, n, 5] != 0.0:
                _add_bar(beam, bars[b, n])
        for v in range(size):
            for u in range(size):
                beam[v, u] = np.exp(-max(beam[v, u], np.float32(0.0)))
        beam = blur(beam, _gaussian_weights(p[5]))
        scatter = p[6] * np.float32(0.5) * (np.mean(beam) + np.exp(-p[1]))
        electronic = (p[8] / p[7]) ** 2
        for v in range(size):
            for u in range(size):
                signal = beam[v, u] + scatter
                beam[v, u] = signal + np.sqrt(signal / p[7] + electronic) * white[b, v, u]
        _collimate(beam, leaves[b], p)
        for v in range(size):
            for u in range(size):
                line = -np.log(max(beam[v, u], np.float32(0.0015)))
                if p[9] != 1.0:
                    line = np.float32(3.0) * (max(line, np.float32(0.0)) / np.float32(3.0)) ** p[9]
                beam[v, u] = line
        # A bilinear warp from pixels s wide takes s^2 / 6 of each pixel from its two neighbours, on average.
        blur_into(beam, _neighbour_weights(p[12]), False, frames[b])


@njit(cache=True, fastmath=True)
def _collimate(beam: Float32, leaves: Float32, p: Float32) -> None:
    """Darken what lies behind the leaves and outside of the round collimator."""
    size = beam.shape[0]
    middle = np.float32(0.5) * (size - 1)
    for n in range(4):
        if leaves[n, 0] != 0.0 or leaves[n, 1] != 0.0:
            for v in range(size):
                for u in range(size):
                    if leaves[n, 0] * (u - middle) + leaves[n, 1] * (v - middle) > leaves[n, 2]:
                        beam[v, u] = np.float32(0.002)
    if p[10] > 0.5:
        for v in range(size):
            for u in range(size):
                if (u - middle) ** 2 + (v - middle) ** 2 > p[11] * p[11]:
                    beam[v, u] = np.float32(0.002)


@njit(inline="always")
def _neighbour_weights(share: float) -> Float32:
    """Return the weights of a blur that takes `share` of each pixel from its two neighbours."""
    weights = np.empty(2, np.float32)
    weights[0], weights[1] = np.float32(1.0) - share, np.float32(0.5) * share
    return weights


@njit(inline="always")
def _gaussian_weights(sigma: float) -> Float32:
    """Return the weights of a Gaussian from its middle on."""
    weights = np.empty(_BLUR_RADIUS + 1, np.float32)
    for n in range(_BLUR_RADIUS + 1):
        weights[n] = np.exp(-0.5 * (n / sigma) ** 2)
    whole = 2.0 * weights.sum() - weights[0]
    for n in range(_BLUR_RADIUS + 1):
        weights[n] /= whole
    return weights


def warp_images(images: Float32, choice: NDArray[np.int64], homographies: Float64, size_px: int) -> Float32:
    """Return `images[choice[b]]` sampled at homographies[b] @ (u, v, 1), zero outside, (batch, size, size)."""
    out = np.empty((len(choice), size_px, size_px), np.float32)
    with ONE_KERNEL:
        _warp(images, choice, homographies, out)
    return out


@njit(parallel=True, cache=True, fastmath=True)
def _warp(images: Float32, choice: NDArray[np.int64], homographies: Float64, out: Float32) -> None:
    for b in prange(out.shape[0]):
        h = homographies[b]
        image = images[choice[b]]
        for v in range(out.shape[1]):
            for u in range(out.shape[2]):
                w = h[2, 0] * u + h[2, 1] * v + h[2, 2]
                x = (h[0, 0] * u + h[0, 1] * v + h[0, 2]) / w
                y = (h[1, 0] * u + h[1, 1] * v + h[1, 2]) / w
                out[b, v, u] = sample_or_zero(image, x, y)
