"""Which pixels of a frame may be compared with an object: those in the field, not clipped, and under no mark.

A circular field, a collimator's leaves and burnt-in marks have edges that are no object's. What they cover is filled in
from beside it, so that nothing looks at those edges; and no pixel there, nor one whose value is clipped, votes where
edges are compared.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Bool, Float32
from fluoropose.imaging.field_search import field_in, grown
from fluoropose.imaging.masks import small_parts
from fluoropose.imaging.xray import PixelMeaning

__all__ = ["UsablePixels", "binned_mask", "fill_unseen", "marks_in", "saturated_share", "usable_pixels"]

_CLIPPED_SHARE = 0.005
"""Share of pixels with the largest value from which they are clipped, if that value is the full scale of some bits: an
open beam without noise, as simulations have it, is not."""

_LEAST_MARK, _MOST_MARKS = 12, 0.01
_MARK_SIDE, _MARK_STEP = 0.12, 0.12
"""A mark is a connected part of pixels with the frame's largest value, `_LEAST_MARK` pixels at least and no longer than
`_MARK_SIDE` of the frame, brighter than what is about it by `_MARK_STEP` of the span; all marks are at most
`_MOST_MARKS` of it. More such pixels are an open beam."""


@dataclass(frozen=True, slots=True, eq=False)
class UsablePixels:
    """Of a binned frame: `seen` (rows, columns) is where it shows something, `compared` where edges may be compared.

    Either is None where it is everywhere. `saturated` is the frame's `saturated_share`.
    """

    seen: Bool | None = None
    compared: Bool | None = None
    saturated: float = 0.0


def usable_pixels(
    pixels: NDArray[Any],
    factor: int = 1,
    given: Bool | None = None,
    inverted: bool = False,
    meaning: PixelMeaning = PixelMeaning.INTENSITY,
) -> UsablePixels:
    """Return which pixels of a frame (rows, columns) are usable, after binning by `factor`.

    A binned pixel is usable if all of it is. A mask that is `given` (rows, columns) replaces the field that is looked
    for.
    """
    dense_is_bright = inverted != (meaning is PixelMeaning.LINE_INTEGRAL)
    seen = field_in(pixels, factor, dense_is_bright) if given is None else binned_mask(given, factor)
    if pixels.dtype.kind == "f":
        return UsablePixels(seen, seen)
    read_only = _read_only(pixels)
    top, at_top, compact = _top_of(read_only)
    if _LEAST_MARK <= compact and at_top <= _MOST_MARKS * pixels.size:
        marks = marks_in(pixels, pixels == top)
        if marks is not None:
            shown = binned_mask(~marks, factor)
            seen = shown if seen is None else seen & shown
    compared = seen
    if at_top > _CLIPPED_SHARE * pixels.size and _is_full_scale(int(top)):
        below = binned_mask(pixels != top, factor)
        compared = below if seen is None else seen & below
    return UsablePixels(seen, compared, _saturated_share(pixels, int(top), at_top))


def saturated_share(pixels: NDArray[Any]) -> float:
    """Return the share of pixels at the full scale of some bits, or at the smallest value of their dtype, if more.

    Of pixels that are not whole numbers none is saturated.
    """
    if pixels.dtype.kind == "f":
        return 0.0
    top, count, _ = _top_of(_read_only(pixels))
    return _saturated_share(pixels, int(top), count)


def _saturated_share(pixels: NDArray[Any], top: int, at_top: int) -> float:
    """Return the `saturated_share` of pixels of which `at_top` have the largest value, `top`."""
    at_top = at_top if _is_full_scale(top) else 0
    least = np.iinfo(pixels.dtype).min
    at_bottom = int(np.count_nonzero(pixels == least)) if pixels.min() == least else 0
    return max(at_top, at_bottom) / pixels.size


def marks_in(pixels: NDArray[Any], at_top: Bool) -> Bool | None:
    """Return which of the pixels with the largest value are burnt-in marks, with two pixels about them; None: none."""
    longest = int(_MARK_SIDE * max(pixels.shape))
    marks = small_parts(at_top, _LEAST_MARK, longest)
    if not marks.any():
        return None
    about = grown(grown(marks)) & ~grown(marks)
    # Noise about the open beam has no step; a mark is drawn over something darker.
    span = float(pixels.max()) - float(pixels.min())
    if float(pixels.max()) - float(np.median(pixels[about])) < _MARK_STEP * span:
        return None
    return grown(grown(marks))


def binned_mask(mask: Bool, factor: int) -> Bool:
    """Return a mask for pixels of `factor` by `factor` of its own: all of them must be in it."""
    if factor == 1:
        return mask
    rows, columns = mask.shape[0] // factor, mask.shape[1] // factor
    mask = mask[: rows * factor, : columns * factor]
    down = np.logical_and.reduce([mask[row::factor] for row in range(factor)])
    return np.asarray(np.logical_and.reduce([down[:, column::factor] for column in range(factor)]))


def fill_unseen(image: Float32, seen: Bool) -> Float32:
    """Return a picture (rows, columns) whose unseen pixels go on with what is seen beside them: the same, changed.

    A pixel gets the value of the next one that is seen to the left, else to the right; a row of which nothing is seen
    that of the row above, else below.
    """
    _fill_rows(image, seen)
    return image


@njit(cache=True, nogil=True)
def _fill_rows(image: Float32, seen: Bool) -> None:
    rows, columns = image.shape
    first, last = -1, -1
    for v in range(rows):
        row, shown = image[v], seen[v]
        begin, end = 0, columns
        while begin < columns and not shown[begin]:
            begin += 1
        if begin == columns:
            if last >= 0:
                row[:] = image[last]
            continue
        while not shown[end - 1]:
            end -= 1
        row[:begin], row[end:] = row[begin], row[end - 1]
        if not shown[begin:end].all():
            for u in range(begin + 1, end):
                if not shown[u]:
                    row[u] = row[u - 1]
        first = v if first < 0 else first
        last = v
    for v in range(max(first, 0)):
        image[v] = image[first]


def _is_full_scale(value: int) -> bool:
    """Tell whether a value is the largest of eight bits or more."""
    return value >= 255 and value & (value + 1) == 0


def _read_only(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view: numba compiles for writable and read-only arrays separately."""
    view = pixels.view()
    view.setflags(write=False)
    return view


@njit(cache=True, nogil=True)
def _top_of(pixels: NDArray[Any]) -> tuple[int, int, int]:
    """Return the largest value, how many pixels have it, and how many of these have it above and on the left too."""
    tops = np.empty(pixels.shape[0], pixels.dtype)
    for v in range(pixels.shape[0]):
        row, top = pixels[v], pixels[v, 0]
        for u in range(len(row)):
            top = max(top, row[u])
        tops[v] = top
    top = tops.max()
    count, compact = 0, 0
    for v in range(pixels.shape[0]):
        if tops[v] < top:
            continue
        row, above = pixels[v], pixels[max(v - 1, 0)]
        for u in range(len(row)):
            count += row[u] == top
        if v > 0 and tops[v - 1] == top:
            for u in range(1, len(row)):
                compact += row[u] == top and row[u - 1] == top and above[u] == top
    return top, count, compact
