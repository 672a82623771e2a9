"""Pictures for documents: a frame with the outlines of DRRs on it, written as PNG."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation, gaussian_filter, maximum_filter

from fluoropose.arrays import Bool, Float32
from fluoropose.io.files import write_file

__all__ = ["outline", "overlay_panels", "save_picture", "shade"]

Picture = NDArray[np.uint8]


def shade(pixels: NDArray[Any]) -> Picture:
    """Return a frame as an RGB picture (rows, columns, 3), its contrast stretched in the log domain."""
    values = np.log(pixels.astype(np.float64) + 0.01 * float(pixels.max()) + 1e-9)
    low, high = np.percentile(values, [1.0, 99.5])
    grey = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
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
    """Write a picture as PNG, whole or not at all."""
    write_file(path, lambda part: Image.fromarray(picture).save(part, format="PNG"))
