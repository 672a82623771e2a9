"""Pictures of a registered view: the frame, its start (red) and what was found (green)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.io.pictures import outline, overlay_panels
from fluoropose.registration.result import FrameView

__all__ = ["view_panels"]

_GREEN, _RED = (60, 255, 90), (255, 70, 60)


def view_panels(case: Case, name: str, view: FrameView, start: Mat44 | None, found: Mat44 | None) -> NDArray[np.uint8]:
    """Return a view as it is, with the start and with what was found, if any; both poses are world_from_volume."""
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    camera, place = view.placed.camera, view.placed.camera_from_world
    layers: list[Any] = [(name, [])]
    if start is not None:
        layers.append(("start", [(outline(renderer.render(camera, place @ start)), _RED)]))
    if found is not None:
        layers.append(("found", [(outline(renderer.render(camera, place @ found)), _GREEN)]))
    return overlay_panels(view.pixels, layers)
