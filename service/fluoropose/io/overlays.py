"""Pictures that show a pose on its frame: outline, shaded object, checkerboard, and the frame less the object.

Greys are line integrals, so that pixels of every meaning look alike: dense is dark.
"""

import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from fluoropose.arrays import Bool, Float32, Float64
from fluoropose.io.pictures import Picture

__all__ = ["OVERLAY_KINDS", "blended_picture", "outlined_picture", "picture_png"]

_GREEN, _ORANGE = (60, 255, 90), (255, 150, 40)
_SQUARES = 12
"""The checkerboard has so many squares along the longer side."""

_SMOOTH = 4
"""Outlines are drawn on a picture this many times larger, then reduced, so that they are smooth."""

_DARKEST_SHARE = 0.1
"""Line integrals within this share of the largest one are those of no light at all."""

_FINE_PIXELS = 1536 * 1536
"""Larger pictures are drawn as they are: lines of several pixels are smooth enough."""


def outlined_picture(frame: Float32, outline: Sequence[Float64]) -> Picture:
    """Return a frame's line integrals (rows, columns) in grey with polygons in pixels (column, row) on them.

    The picture is uint8 (rows, columns, 3).
    """
    return _draw_lines(_grey(frame), outline, _GREEN)


def blended_picture(kind: str, frame: Float32, lines: Float32) -> Picture:
    """Return an overlay that needs no outline, uint8 (rows, columns, 3).

    Parameters
    ----------
    kind : one of `OVERLAY_KINDS` other than "outline"
    frame : the frame's line integrals up to an offset, (rows, columns)
    lines : the line integrals of the object at the pose, of the same shape
    """
    return _BLENDERS[kind](frame, lines)


def picture_png(picture: Picture) -> bytes:
    """Return a picture as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return stream.getvalue()


def _shaded(frame: Float32, lines: Float32) -> Picture:
    """Return the frame with the object in colour over it, the denser the stronger."""
    share = 0.65 * np.clip(lines / max(float(lines.max()), 1e-9), 0.0, 1.0)[..., None] ** 0.7
    colour = np.array(_ORANGE, np.float64)
    return np.round(_grey(frame) * (1.0 - share) + colour * share).astype(np.uint8)


def _checkered(frame: Float32, lines: Float32) -> Picture:
    """Return squares of the frame and of the object's picture in turn, both on one scale of greys."""
    side = max(1, round(max(frame.shape) / _SQUARES))
    rows, columns = np.indices(frame.shape) // side
    simulated = _scaled_object(frame, lines)
    return _grey(np.where((rows + columns) % 2 == 0, frame, simulated), like=frame)


def _difference(frame: Float32, lines: Float32) -> Picture:
    """Return the frame less the object; at the right pose the object's edges are gone. No difference is mid-grey."""
    left = frame - _scaled_object(frame, lines)
    near = _around(lines)
    spread = float(np.percentile(np.abs(left[near]), 98.0)) if near.any() else float(np.abs(left).max())
    grey = 0.5 - 0.5 * np.clip(left / max(spread, 1e-6), -1.0, 1.0)
    return _to_rgb(grey)


_BLENDERS: dict[str, Callable[[Float32, Float32], Picture]] = {
    "shaded": _shaded,
    "checkerboard": _checkered,
    "difference": _difference,
}
OVERLAY_KINDS = ("outline", *_BLENDERS)
"""The kinds of overlays."""


def _scaled_object(frame: Float32, lines: Float32) -> Float64:
    """Return a lines + b with the a >= 0 and b that bring it nearest to the frame around the object."""
    near = _around(lines)
    if not near.any():
        return np.full(frame.shape, float(np.median(frame)))
    seen, shown = frame[near].astype(np.float64), lines[near].astype(np.float64)
    centred = shown - shown.mean()
    scale = max(0.0, float(centred @ (seen - seen.mean())) / max(float(centred @ centred), 1e-12))
    return np.asarray(scale * lines + (float(seen.mean()) - scale * float(shown.mean())))


def _around(lines: Float32) -> Bool:
    """Return a mask of the box of the object's picture."""
    inside = lines > 0.0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    mask = np.zeros(lines.shape, bool)
    if rows.size:
        mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return mask


def _grey(values: Float32, like: Float32 | None = None) -> Picture:
    """Return line integrals as greys, dense dark; the contrast is that of `like`, by default their own.

    What is as dark as the darkest pixel, as the surroundings of a round field are, has no part in the contrast.
    """
    base = values if like is None else like
    lit = base[base < float(base.max()) - _DARKEST_SHARE * float(np.ptp(base))]
    low, high = np.percentile(lit if lit.size >= base.size // 4 else base, [0.5, 99.5])
    return _to_rgb(1.0 - np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0))


def _to_rgb(grey: Float64) -> Picture:
    return np.repeat(np.round(255.0 * grey).astype(np.uint8)[..., None], 3, axis=2)


def _draw_lines(base: Picture, polygons: Sequence[Float64], colour: tuple[int, int, int]) -> Picture:
    """Return a picture with polygons on it, smooth where the picture is not very large."""
    rows, columns = base.shape[:2]
    finer = _SMOOTH if rows * columns <= _FINE_PIXELS else 1
    width = max(1.0, max(rows, columns) / 600.0)
    mask = Image.new("L", (columns * finer, rows * finer))
    draw = ImageDraw.Draw(mask)
    for polygon in polygons:
        # A pixel's centre lies half a pixel from its corner, where the finer picture begins to count.
        points = [(float(u), float(v)) for u, v in (polygon + 0.5) * finer - 0.5]
        draw.line([*points, points[0]], fill=255, width=max(1, round(width * finer)), joint="curve")
    share = np.asarray(mask.resize((columns, rows), Image.Resampling.BOX), np.float64)[..., None] / 255.0
    return np.round(base * (1.0 - share) + np.array(colour) * share).astype(np.uint8)
