"""Pictures for documents: a frame with the outlines of DRRs on it, and drawings, in small files.

Photographs are written as WebP, which takes a fourth of PNG's bytes; drawings have few colours, and a PNG with a
palette takes a third of one without.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation, gaussian_filter, maximum_filter

from fluoropose.arrays import Bool, Float32
from fluoropose.io.files import write_file

__all__ = ["outline", "overlay_panels", "picture_bytes", "save_drawing", "save_picture", "shade"]

Picture = NDArray[np.uint8]

_DRAWING_COLOURS = 64
"""A drawing's lines and letters look the same in so many colours."""

_OPEN_SHARE = 0.15
"""Pixels within this share of the brightest one, of the range of logarithms, are those of the open beam."""

_WEBP: dict[str, Any] = {"format": "WEBP", "quality": 85, "method": 6}
"""At this quality no difference shows beside the PNG, outlines of one pixel included."""


def shade(pixels: NDArray[Any]) -> Picture:
    """Return a frame as an RGB picture (rows, columns, 3), its contrast stretched in the log domain.

    The open beam has no part in the contrast where it leaves a fourth of the picture. Half of a grey is the share of
    pixels that are darker: without it a thick body is all black beside its bright rim.
    """
    values = np.log(pixels.astype(np.float64) + 0.01 * float(pixels.max()) + 1e-9)
    behind = values[values < float(values.max()) - _OPEN_SHARE * float(np.ptp(values))]
    looked_at = behind if behind.size >= values.size // 4 else values
    low, high = np.percentile(looked_at, [1.0, 99.5])
    grey = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
    steps = np.linspace(0.0, 1.0, 256)
    grey = 0.5 * (grey + np.interp(values, np.quantile(looked_at, steps), steps))
    return np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)


def outline(lines: Float32) -> Bool:
    """Return a mask of the object's silhouette and its strongest inner edges in a DRR, one or two pixels wide."""
    inside = lines > 0.03 * float(lines.max())
    rim = inside ^ ~binary_dilation(~inside)
    smooth = gaussian_filter(np.exp(-lines), 1.0)
    gradient = np.hypot(*np.gradient(smooth))
    ridge = (gradient >= maximum_filter(gradient, 3)) & (gradient > 0.45 * float(gradient.max()))
    return np.asarray(rim | ridge)


def overlay_panels(pixels: NDArray[Any], layers: list[tuple[str, list[tuple[Bool, tuple[int, int, int]]]]]) -> Picture:
    """Return a row of panels: each is the frame with a title and outlines in colours, as `layers` says."""
    base = shade(pixels)
    panels = []
    for title, marks in layers:
        panel = base.copy()
        for mark, colour in marks:
            panel[mark] = colour
        image = Image.fromarray(panel)
        font = ImageFont.load_default(size=max(10, base.shape[0] // 30))
        place = (base.shape[1] // 40, base.shape[0] // 60)
        ImageDraw.Draw(image).text(place, title, (255, 220, 0), font, stroke_width=2, stroke_fill=(0, 0, 0))
        panels.append(np.asarray(image))
    return np.concatenate(panels, axis=1)


def save_picture(path: Path, picture: Picture) -> None:
    """Write a picture (rows, columns, 3) as WebP where the path ends so, else as PNG, whole or not at all."""
    options = _WEBP if path.suffix.lower() == ".webp" else {"format": "PNG"}
    write_file(path, lambda part: Image.fromarray(picture).save(part, **options))


def picture_bytes(picture: Picture) -> bytes:
    """Return a picture (rows, columns, 3) as PNG."""
    stream = BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return stream.getvalue()


def save_drawing(path: Path, draw: Callable[[BinaryIO], Any]) -> None:
    """Write what `draw` writes as an image into a file: PNG with a palette; WebP where the path ends so."""
    drawn = BytesIO()
    draw(drawn)
    with Image.open(drawn) as opened:
        image = opened.convert("RGB")
    if path.suffix.lower() == ".webp":
        write_file(path, lambda part: image.save(part, **_WEBP))
        return
    few = image.quantize(_DRAWING_COLOURS, dither=Image.Dither.NONE)
    write_file(path, lambda part: few.save(part, format="PNG", optimize=True))
