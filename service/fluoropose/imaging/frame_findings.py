"""What a frame's pixels say of themselves: polarity, logarithm, the field's edge, saturation: guesses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Bool
from fluoropose.imaging.finding import Finding

__all__ = ["field_mask", "list_frame_findings", "polarity"]

_MASKED_SHARE = 0.02
_SATURATED_SHARE = 0.005
_FEW_LEVELS = 64
_LARGEST_LINE_INTEGRAL = 15.0
_OPEN_SHARE, _OPEN_CERTAINTY = 0.2, 0.85
_STRIDE_PX = 512
"""A frame is thinned to about so many pixels a side: its statistics need no more."""


def list_frame_findings(pixels: NDArray[Any]) -> list[Finding]:
    """Return what there is to say of a frame's pixels (rows, columns), whatever their dtype."""
    small = _thinned(pixels)
    low, high = float(small.min()), float(small.max())
    if not np.isfinite(small).all():
        return [Finding("not-finite", "error", "pixels are NaN or infinite")]
    if low == high:
        return [Finding("flat", "error", f"every pixel is {low:g}: there is no picture")]
    found = []
    mask = field_mask(small)
    if not mask.all():
        shape = "round" if _is_round(mask) else "collimated"
        text = f"{100 * (1 - mask.mean()):.0f} % of the picture, at its rim, has one value: the field is {shape}"
        found.append(Finding("field-edge", "note", text, 0.9))
    if small.dtype.kind == "f" and low >= -1.0 and high <= _LARGEST_LINE_INTEGRAL:
        text = f"numbers from {low:.3g} to {high:.3g}: they look like line integrals, or intensities scaled to 1"
        found.append(Finding("looks-like-line-integrals", "warning", text, 0.6))
    bright, certainty = polarity(small, mask)
    if not bright and certainty > 0.75:
        text = "what is in the middle of the field is brighter than its rim: dense may be bright (inverted)"
        found.append(Finding("looks-inverted", "warning", text, certainty))
    saturated = float((small[mask] == high).mean())
    if saturated > _SATURATED_SHARE:
        text = f"{100 * saturated:.1f} % of the field has the largest value, {high:g}: open beam or metal is clipped"
        found.append(Finding("saturated", "note", text, 0.8))
    levels = len(np.unique(small))
    if levels < _FEW_LEVELS:
        found.append(Finding("few-levels", "warning", f"only {levels} different values: edges are coarse steps", 0.9))
    if pixels.dtype.itemsize == 1:
        text = "8 bits: probably a picture for people, after a look-up table; give pixel meaning `display` if it is one"
        found.append(Finding("eight-bit", "note", text, 0.6))
    return found


def polarity(pixels: NDArray[Any], mask: Bool) -> tuple[bool, float]:
    """Return whether bright is the open beam, and how sure that is (0.5 to 0.95).

    Where a good part of the field is clipped at one end of the values, that end is the open beam: metal is never so
    large. Else the patient is in the middle of the field and less of him at its rim: in intensities the middle is
    darker.
    """
    inside = pixels[mask]
    clipped = float((inside == inside.max()).mean()) - float((inside == inside.min()).mean())
    if abs(clipped) > _OPEN_SHARE:
        return clipped > 0.0, _OPEN_CERTAINTY
    rows, columns = np.nonzero(mask)
    centre, half = (rows.mean(), columns.mean()), (np.ptp(rows) / 2 + 1, np.ptp(columns) / 2 + 1)
    away = np.hypot((rows - centre[0]) / half[0], (columns - centre[1]) / half[1])
    values = inside.astype(np.float64)
    spread = float(np.subtract(*np.percentile(values, [97, 3]))) or 1.0
    difference = (float(np.median(values[away > 0.75])) - float(np.median(values[away < 0.4]))) / spread
    return difference >= 0.0, 0.5 + 0.45 * min(1.0, abs(difference) / 0.4)


def field_mask(pixels: NDArray[Any]) -> Bool:
    """Return which pixels (rows, columns) are in the field: all but those at the rim that have a corner's value.

    Without such pixels, or with hardly any, all are.
    """
    everything = np.ones(pixels.shape, bool)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].astype(np.float64)
    value = float(np.median(corners))
    spread = float(pixels.max()) - float(pixels.min())
    if np.abs(corners - value).max() > 0.01 * spread:
        return everything
    outside = np.abs(pixels.astype(np.float64) - value) <= 0.01 * spread
    # From each side inwards as long as pixels have the rim's value.
    rim = np.zeros(pixels.shape, bool)
    for axis in (0, 1):
        rim |= np.logical_and.accumulate(outside, axis=axis)
        rim |= np.flip(np.logical_and.accumulate(np.flip(outside, axis), axis=axis), axis)
    share = float(rim.mean())
    return ~rim if _MASKED_SHARE < share < 0.95 else everything


def _is_round(mask: Bool) -> bool:
    """Return whether a field touches the middles of its box's sides and not their corners."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    corners = box[[0, 0, -1, -1], [0, -1, 0, -1]]
    return not corners.any() and float(box.mean()) < 0.9


def _thinned(pixels: NDArray[Any]) -> NDArray[Any]:
    step = max(1, round(max(pixels.shape) / _STRIDE_PX))
    return pixels[::step, ::step]
