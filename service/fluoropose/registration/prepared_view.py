"""Frames of one instant made ready for the networks: checked, turned into line integrals, each with its sight.

Lengths in mm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.rig import require_rig
from fluoropose.geometry.rigid import inverse
from fluoropose.imaging.xray import (
    Exposure,
    PixelMeaning,
    binning_factor,
    check_frame,
    line_integral_bands,
    line_integral_image,
)
from fluoropose.parallel import run_parallel, thread_count
from fluoropose.registration.multi_view_solver import CalibratedView
from fluoropose.registration.result import FrameView

if TYPE_CHECKING:
    from fluoropose.registration.resident_case import ResidentCase

__all__ = ["Pictures", "PreparedView", "prepare_views", "shared_pictures"]

_SAME_OBJECT_MM = 0.01

Pictures = dict[tuple[int, int], Float32]
"""Line integrals of views that have been prepared, by the view's number and the binning: objects of a frame share them.
"""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedView:
    """A view made ready: whose networks look at it, the frame and its picture of line integrals, and its sight."""

    name: str
    resident: "ResidentCase"
    exposure: Exposure
    image: Float32
    sight: CalibratedView
    at_origin: bool

    def world(self, camera_from_volume: Mat44) -> Mat44:
        """Return world_from_volume of a pose in this camera."""
        return camera_from_volume if self.at_origin else inverse(self.sight.camera_from_world) @ camera_from_volume

    def local(self, world_from_volume: Mat44) -> Mat44:
        """Return camera_from_volume of a pose in the world."""
        return world_from_volume if self.at_origin else self.sight.camera_from_world @ world_from_volume


def prepare_views(
    resident: "ResidentCase", views: Sequence[FrameView], meaning: PixelMeaning, inverted: bool, pictures: Pictures
) -> list[PreparedView]:
    """Return the views as the case looks at them; pictures that are there already are used, new ones added."""
    prepared = run_parallel(
        [partial(_prepared, number, view, resident, meaning, inverted, pictures) for number, view in enumerate(views)]
    )
    _require_views(views, prepared)
    return prepared


def shared_pictures(
    residents: Sequence["ResidentCase"], views: Sequence[FrameView], meaning: PixelMeaning, inverted: bool
) -> Pictures:
    """Return the pictures that some cases need of the views, each made once, in bands side by side."""
    for view in views:
        check_frame(view.pixels, view.placed.camera)
    wanted = sorted(
        {
            (number, binning_factor(view.placed.camera, resident.case.atlas.view.camera.focal_px))
            for number, view in enumerate(views)
            for resident in residents
        }
    )
    made = {key: line_integral_bands(views[key[0]].pixels, meaning, key[1], inverted, thread_count()) for key in wanted}
    run_parallel([piece for _, pieces in made.values() for piece in pieces])
    return {key: image for key, (image, _) in made.items()}


def _prepared(
    number: int,
    view: FrameView,
    resident: "ResidentCase",
    meaning: PixelMeaning,
    inverted: bool,
    pictures: Pictures,
) -> PreparedView:
    camera = view.placed.camera
    check_frame(view.pixels, camera)
    looked_at_by = view.resident or resident
    atlas = looked_at_by.case.atlas
    factor = binning_factor(camera, atlas.view.camera.focal_px)
    if (number, factor) not in pictures:
        pictures[number, factor] = line_integral_image(view.pixels, meaning, factor, inverted)
    image = pictures[number, factor]
    sight = CalibratedView(number, camera.scale_pixels(factor), view.placed.camera_from_world, atlas)
    name, exposure = view.name or f"view {number + 1}", Exposure(view.pixels, camera, meaning, inverted)
    return PreparedView(name, looked_at_by, exposure, image, sight, view.placed.at_origin)


def _require_views(views: Sequence[FrameView], prepared: Sequence[PreparedView]) -> None:
    if not views:
        raise InputError("expected at least one view, got none")
    if len(views) > 1:
        require_rig([view.placed for view in views], [view.name for view in prepared])
    first = prepared[0].resident.case
    for view in prepared[1:]:
        other = view.resident.case
        apart = float(np.abs(other.corners_mm - first.corners_mm).max())
        if apart > _SAME_OBJECT_MM or other.volume.values.shape != first.volume.values.shape:
            raise InputError(
                f"expected views of one object, got case {first.name!r} in {prepared[0].name!r} and {other.name!r} in "
                f"{view.name!r}, whose boxes differ by up to {apart:.2f} mm"
            )
