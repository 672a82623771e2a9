"""The picture of a case's object: three DRRs side by side, for a user to see what was selected."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fluoropose.arrays import Float32, Mat33
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.volume import Volume
from fluoropose.io.pictures import Picture

__all__ = ["bar_length", "object_picture"]

SIDE_PX = 320
"""A panel's side; the canonical picture's 128 pixels are few for people."""

_VIEWS: dict[str, Mat33] = {
    "expected view": np.eye(3),
    "from its left": about_y(-np.pi / 2),
    "from above": about_x(np.pi / 2),
}
"""Rotations after the expected one. Left and above are those of the first panel."""

_BAR_SHARE = 0.4
"""The size bar is at most this share of a panel."""

_RANGE_FIELDS = 2.0
"""The least range over the field: from nearer, the rays would part too widely for the renderer."""

_WHITE, _GREY = (255, 255, 255), (90, 90, 90)


def object_picture(volume: Volume, view: CanonicalView) -> Picture:
    """Return an object (1/mm) from its expected view, from its side and from above, uint8 (rows, columns, 3).

    Dense is bright. The size bar holds at the object's centre; what is nearer to the source appears larger.
    """
    seen = replace(view, size_px=SIDE_PX, range_mm=max(view.range_mm, _RANGE_FIELDS * view.field_mm))
    renderer = PlaneRenderer(volume)
    lines = [_render(renderer, seen, turn @ view.base_rotation) for turn in _VIEWS.values()]
    panels = [_panel(_grey(one), name, view.field_mm) for one, name in zip(lines, _VIEWS, strict=True)]
    return np.concatenate(panels, axis=1)


def bar_length(field_mm: float) -> float:
    """Return a length of 1, 2 or 5 times a power of ten in mm that fits into a field as a size bar."""
    longest = _BAR_SHARE * field_mm
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest))


def _render(renderer: PlaneRenderer, view: CanonicalView, rotation: Mat33) -> Float32:
    """Return the line integrals of an object that is turned about its centre."""
    centre = np.array([0.0, 0.0, view.range_mm])
    return renderer.render(view.camera, rigid(rotation, centre - rotation @ view.centre_mm))


def _grey(lines: Float32) -> Picture:
    """Return line integrals in grey, each panel with its own contrast; thin parts are lifted by a square root."""
    inside = lines[lines > 0.0]
    most = float(np.percentile(inside, 99.5)) if inside.size else 1.0
    grey = np.sqrt(np.clip(lines / most, 0.0, 1.0))
    return np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)


def _panel(grey: Picture, title: str, field_mm: float) -> Picture:
    """Return a panel with a frame, its title and a size bar."""
    image = Image.fromarray(grey)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=14)
    last, length_mm = SIDE_PX - 1, bar_length(field_mm)
    draw.rectangle((0, 0, last, last), outline=_GREY)
    draw.text((8, 5), title, _WHITE, font, stroke_width=2, stroke_fill=(0, 0, 0))
    end = 8 + round(length_mm / field_mm * SIDE_PX)
    draw.rectangle((8, last - 11, end, last - 8), fill=_WHITE, outline=(0, 0, 0))
    draw.text((8, last - 30), f"{length_mm:g} mm", _WHITE, font, stroke_width=2, stroke_fill=(0, 0, 0))
    return np.asarray(image)
