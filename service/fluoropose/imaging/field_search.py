"""Which pixels of a frame are in a round or collimated field, told from the frame alone. Pixels, (row, column).

What collimators and round fields leave of a frame is convex. Outside it is dark and shows nothing: a body that is as
dark shows bones, metal or its own round side. So dark pixels that reach the border are outside, as far as what is left
is convex; and that is a field if most of its rim is steep, and nothing is to be seen beyond it.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Bool, Float32, Float64

__all__ = ["field_in", "grown"]

_THIN, _THIN_SIDE = 4, 512
"""The field is looked for in every fourth pixel of frames with sides of 512, of larger ones in as few."""

_BORDER_SHARE, _BASE_SHARE = 0.1, 0.1
"""A tenth of the border's pixels must be outside the field: they are dark, within `_BASE_SHARE` of the frame's span."""

_LET_THROUGH = 0.5
"""What is brighter than half the frame is outside no field, and no more than evenly lit: lead lets less through."""

_DARK_SHARE = 0.12
"""A dark pixel is brighter than those by this share of the span at most: scatter and glare reach beyond a rim."""

_SPECK_PX = 2
"""Bright parts outside that are no wider than twice that in thinned pixels, marks and noise, are no field."""

_LEAST_OUTSIDE, _MOST_OUTSIDE, _DARK_OUTSIDE = 0.02, 0.96, 0.985
"""Share of the frame that is outside its field, and which share of it is dark."""

_STEP_WITHIN, _STEPPED = 6, 0.6
"""So many thinned pixels inwards `_STEPPED` of the rim are twice as bright as a dark pixel may be: rims of real fields
are as soft as that. The rest of the rim is what an object crosses."""

_APART_PX, _RIM_PX = 3, 6
_SHOWN, _SHOWN_NOISES, _SHOWN_SHARE = 0.98, 3.5, 0.006
"""Beyond the rim, `_RIM_PX` thinned pixels from it, second differences of pixels `_APART_PX` apart (means of 3 x 3) are
no larger than the noise makes them in `_SHOWN` of all places: of 60 fields of `evaluate trust` by 1.6 to 5.3
deviations or by less than `_SHOWN_SHARE` of the span, of two legs with bones, which look like a field else, by 4 to 10
deviations."""


_ROUNDING = 1e-6


def field_in(pixels: NDArray[Any], factor: int = 1, inverted: bool = False) -> Bool | None:
    """Return which pixels of a frame are in its field, after binning by `factor`; None: all are."""
    step = _THIN * max(1, round(min(pixels.shape) / _THIN_SIDE))
    rows, columns = pixels.shape[0] // step * step, pixels.shape[1] // step * step
    if min(rows, columns) < 8 * step:
        return None
    thin = pixels[step // 2 : rows : step, step // 2 : columns : step].astype(np.float32)
    inside = _field_of(thin.max() - thin if inverted else thin)
    if inside is None:
        return None
    v, u = (
        np.minimum((np.arange(side // factor) * factor + factor // 2) // step, count - 1)
        for side, count in zip(pixels.shape, inside.shape, strict=True)
    )
    return _taken(inside, v, u)


def grown(mask: Bool) -> Bool:
    """Return a mask with the pixels above, below and beside it."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    return out


def _field_of(thin: Float32) -> Bool | None:
    """Return the field of a thinned frame, less a pixel at its rim; None: there is none."""
    low, high = (float(value) for value in np.percentile(thin[::2, ::2], (1.0, 98.0)))
    span, border = high - low, np.concatenate([thin[0], thin[-1], thin[:, 0], thin[:, -1]])
    base = float(np.quantile(border, _BORDER_SHARE))
    if span <= 0.0 or base - low > _BASE_SHARE * span or base > _LET_THROUGH * high:
        return None
    dark = thin <= base + _DARK_SHARE * span
    left = _without_specks(~_from_border(dark))
    if not left.any():
        return None
    outside = ~_convex_hull(left)
    if not _LEAST_OUTSIDE < float(outside.mean()) < _MOST_OUTSIDE or float(dark[outside].mean()) < _DARK_OUTSIDE:
        return None
    if not _has_step(thin, outside, base + 2.0 * _DARK_SHARE * span) or _shows_something(thin, outside, span):
        return None
    # One thinned pixel more is outside: the field's edge lies within it.
    return ~grown(outside)


def _without_specks(mask: Bool) -> Bool:
    """Return a mask without what is too thin to be a field."""
    for _ in range(_SPECK_PX):
        mask = ~_grown_square(~mask)
    for _ in range(_SPECK_PX):
        mask = _grown_square(mask)
    return mask


def _grown_square(mask: Bool) -> Bool:
    """Return a mask with the eight pixels about each of its own."""
    tall = mask.copy()
    tall[1:] |= mask[:-1]
    tall[:-1] |= mask[1:]
    out = tall.copy()
    out[:, 1:] |= tall[:, :-1]
    out[:, :-1] |= tall[:, 1:]
    return out


def _convex_hull(mask: Bool) -> Bool:
    """Return the pixels of the convex hull of a mask that is not empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    first, last = mask.argmax(axis=1), mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
    at, columns = np.arange(mask.shape[0]), np.arange(mask.shape[1])
    from_column, to_column = _envelope(rows, first[rows], at), -_envelope(rows, -last[rows], at)
    hull = (columns >= from_column[:, None] - _ROUNDING) & (columns <= to_column[:, None] + _ROUNDING)
    hull[: rows[0]] = hull[rows[-1] + 1 :] = False
    return hull


def _envelope(rows: NDArray[Any], values: NDArray[Any], at: NDArray[Any]) -> Float64:
    """Return the lower convex envelope of values in ascending rows, at other rows."""
    kept = _envelope_corners(rows, values)
    return np.interp(at, rows[kept].astype(float), values[kept].astype(float))


@njit(cache=True, nogil=True)
def _envelope_corners(rows: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of the places, in ascending rows, are corners of the lower convex envelope."""
    kept, count = np.empty(len(rows), np.int64), 0
    for n in range(len(rows)):
        while count > 1:
            before, middle = kept[count - 2], kept[count - 1]
            rise, run = values[middle] - values[before], rows[middle] - rows[before]
            if rise * (rows[n] - rows[before]) < (values[n] - values[before]) * run:
                break
            count -= 1
        kept[count] = n
        count += 1
    return kept[:count]


def _has_step(thin: Float32, outside: Bool, bright: float) -> bool:
    """Tell whether the field, a little inwards, is bright on most of its rim."""
    for _ in range(_STEP_WITHIN - 1):
        outside = grown(outside)
    rim = grown(outside) & ~outside
    return bool(rim.any()) and float((thin[rim] > bright).mean()) >= _STEPPED


def _shows_something(thin: Float32, outside: Bool, span: float) -> bool:
    """Tell whether there is more than noise to be seen outside, away from the rim."""
    near = ~outside
    for _ in range(_RIM_PX):
        near = _grown_square(near)
    far = np.zeros(thin.shape, bool)
    far[1:-1, 1:-1] = ~near[1:-1, 1:-1]
    beside = np.abs(thin[:, 1:] - thin[:, :-1])[far[:, 1:] & far[:, :-1]]
    if not len(beside):
        return False
    means = thin.copy()
    means[1:-1, 1:-1] = sum(thin[i : i - 2 or None, j : j - 2 or None] for i in range(3) for j in range(3)) / 9.0
    found = []
    for picture, shown in ((means, far), (means.T, far.T)):
        apart = picture[: -2 * _APART_PX] + picture[2 * _APART_PX :] - 2.0 * picture[_APART_PX:-_APART_PX]
        found.append(np.abs(apart)[shown[: -2 * _APART_PX] & shown[2 * _APART_PX :] & shown[_APART_PX:-_APART_PX]])
    differences = np.concatenate(found)
    # The median difference of two normal errors is 0.954 deviations; of three means of nine, the root of 6 over 3.
    noise = float(np.median(beside)) / 0.954 * np.sqrt(6.0) / 3.0
    most = max(_SHOWN_NOISES * noise, _SHOWN_SHARE * span)
    return len(differences) > 0 and float(np.quantile(differences, _SHOWN)) > most


@njit(cache=True, nogil=True)
def _taken(mask: Bool, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Bool:
    """Return the pixels of a mask in these rows and columns, which may be asked for more than once."""
    out = np.empty((len(rows), len(columns)), np.bool_)
    for v in range(len(rows)):
        if v > 0 and rows[v] == rows[v - 1]:
            out[v] = out[v - 1]
            continue
        row, to = mask[rows[v]], out[v]
        for u in range(len(columns)):
            to[u] = row[columns[u]]
    return out


@njit(cache=True, nogil=True)
def _from_border(dark: Bool) -> Bool:
    """Return which dark pixels are reached from a side, along a row or a column, through dark ones."""
    rows, columns = dark.shape
    reached = np.zeros(dark.shape, np.bool_)
    for v in range(rows):
        row, to = dark[v], reached[v]
        for u in range(columns):
            if not row[u]:
                break
            to[u] = True
        for u in range(columns):
            if not row[columns - 1 - u]:
                break
            to[columns - 1 - u] = True
    for first, step in ((0, 1), (rows - 1, -1)):
        open_yet = np.ones(columns, np.bool_)
        for n in range(rows):
            row, to = dark[first + step * n], reached[first + step * n]
            for u in range(columns):
                open_yet[u] &= row[u]
                to[u] |= open_yet[u]
            if not open_yet.any():
                break
    return reached
