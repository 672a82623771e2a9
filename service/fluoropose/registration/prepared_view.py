"""Frames of one instant prepared for the networks: checked, turned into line integrals, each with its view's geometry.

Lengths in mm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.drr.case import Case
from fluoropose.drr.frame_views import begin_frame
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import require_rig
from fluoropose.geometry.rigid import inverse
from fluoropose.imaging.usable_pixels import fill_unseen, usable_pixels
from fluoropose.imaging.xray import (
    Exposure,
    binning_factor,
    check_frame,
    line_integral_bands,
    line_integral_image,
)
from fluoropose.parallel import run_parallel, thread_count
from fluoropose.registration.multi_view_solver import CalibratedView
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = [
    "Picture",
    "Pictures",
    "PreparedView",
    "is_same_object",
    "prepare_views",
    "shared_pictures",
    "views_of_object",
]

_SAME_OBJECT_MM = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame's line integrals, where they are not compared and where they show nothing (as of `PreparedView`).

    `saturated` is the frame's share of saturated pixels.
    """

    image: Float32
    unused: Float32 | None = None
    hidden: Float32 | None = None
    saturated: float = 0.0


Pictures = dict[tuple[int, int], Picture]
"""Pictures of views, by the view's number and the binning: the objects of a frame share them."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedView:
    """A view with the resident case whose networks look at it, its frame, and the frame's line integrals (`image`).

    Where `unused` (rows, columns of the image) is over 0, edges are not compared; None: they are everywhere. Where
    `hidden` is 1 the frame shows nothing: it is outside the field, or under a mark. `mask` is what the frame was told
    to show, None if that was told from the frame. `saturated` is the frame's share of saturated pixels.
    """

    name: str
    resident: ResidentCase
    exposure: Exposure
    image: Float32
    calibrated: CalibratedView
    at_origin: bool
    unused: Float32 | None = None
    hidden: Float32 | None = None
    mask: FieldMask | None = None
    saturated: float = 0.0

    @property
    def camera(self) -> Camera:
        """The camera of the image, after binning."""
        return self.calibrated.camera

    @property
    def atlas(self) -> AbstractAtlas:
        """The atlas of the case."""
        return self.calibrated.atlas

    def with_image(self, image: Float32) -> "PreparedView":
        """Return the view with other line integrals."""
        return replace(self, image=image)

    def world_from_volume(self, camera_from_volume: Mat44) -> Mat44:
        """Return the pose in the world of a pose in this camera."""
        return camera_from_volume if self.at_origin else inverse(self.calibrated.camera_from_world) @ camera_from_volume

    def camera_from_volume(self, world_from_volume: Mat44) -> Mat44:
        """Return the pose in this camera of a pose in the world."""
        return world_from_volume if self.at_origin else self.calibrated.camera_from_world @ world_from_volume


def prepare_views(resident: ResidentCase, views: Sequence[FrameView], pictures: Pictures) -> list[PreparedView]:
    """Return the views as the case looks at them; pictures that are there already are used, new ones added.

    Raises
    ------
    InputError
        If there is no view, or one is of another object.
    GeometryError
        If two views are the same camera, or cameras look past each other.
    FrameError
        If a frame cannot be used.
    """
    prepared = run_parallel([partial(_prepare, number, view, resident, pictures) for number, view in enumerate(views)])
    _require_views(views, prepared)
    return prepared


def shared_pictures(residents: Sequence[ResidentCase], views: Sequence[FrameView]) -> Pictures:
    """Return the pictures that some cases need of the views, each made once, in bands that are computed in parallel."""
    for view in views:
        check_frame(view.pixels, view.placed.camera)
    wanted = sorted(
        {
            (number, binning_factor(view.placed.camera, resident.case.atlas.view.camera.focal_px))
            for number, view in enumerate(views)
            for resident in residents
        }
    )
    made = {
        (number, factor): line_integral_bands(
            views[number].pixels, views[number].meaning, factor, views[number].inverted, thread_count()
        )
        for number, factor in wanted
    }
    run_parallel([piece for _, pieces in made.values() for piece in pieces])
    return {key: _masked(image, views[key[0]], key[1]) for key, (image, _) in made.items()}


def _prepare(number: int, view: FrameView, resident: ResidentCase, pictures: Pictures) -> PreparedView:
    camera = view.placed.camera
    check_frame(view.pixels, camera)
    own = view.resident or resident
    atlas = begin_frame(own.atlas)
    factor = binning_factor(camera, atlas.view.camera.focal_px)
    if (number, factor) not in pictures:
        image = line_integral_image(view.pixels, view.meaning, factor, view.inverted)
        pictures[number, factor] = _masked(image, view, factor)
    calibrated = CalibratedView(number, camera.scale_pixels(factor), view.placed.camera_from_world, atlas)
    exposure = Exposure(view.pixels, camera, view.meaning, view.inverted)
    name = view.name or f"view {number + 1}"
    picture = pictures[number, factor]
    return PreparedView(
        name, own, exposure, picture.image, calibrated, view.placed.at_origin,
        picture.unused, picture.hidden, view.placed.mask, picture.saturated,
    )  # fmt: skip


def _masked(image: Float32, view: FrameView, factor: int) -> Picture:
    """Return a binned picture of a view whose unseen pixels are filled in, with where it is not compared."""
    camera, mask = view.placed.camera, view.placed.mask
    given = None if mask is None else mask.shown(camera.rows, camera.columns)
    usable = usable_pixels(view.pixels, factor, given, view.inverted, view.meaning)
    unused = None if usable.compared is None else (~usable.compared).astype(np.float32)
    if usable.seen is None:
        return Picture(image, unused, saturated=usable.saturated)
    hidden = unused if usable.compared is usable.seen else (~usable.seen).astype(np.float32)
    return Picture(fill_unseen(image, usable.seen), unused, hidden, usable.saturated)


def is_same_object(first: Case, other: Case) -> bool:
    """Tell whether two cases are of one object, prepared for two directions: their boxes and grids are the same."""
    apart_mm = float(np.abs(other.corners_mm - first.corners_mm).max())
    return apart_mm <= _SAME_OBJECT_MM and other.volume.values.shape == first.volume.values.shape


def views_of_object(resident: ResidentCase, views: Sequence[FrameView]) -> list[FrameView]:
    """Return views with the cases that are of an object; of other objects' cases a view has none."""
    return [
        view
        if view.resident is None or is_same_object(resident.case, view.resident.case)
        else replace(view, resident=None)
        for view in views
    ]


def _require_views(views: Sequence[FrameView], prepared: Sequence[PreparedView]) -> None:
    if not views:
        raise InputError("expected at least one view, got none")
    if len(views) > 1:
        require_rig([view.placed for view in views], [view.name for view in prepared])
    first = prepared[0].resident.case
    for view in prepared[1:]:
        other = view.resident.case
        if not is_same_object(first, other):
            apart_mm = float(np.abs(other.corners_mm - first.corners_mm).max())
            raise InputError(
                f"expected views of one object, got case {first.name!r} in {prepared[0].name!r} and {other.name!r} in "
                f"{view.name!r}, whose boxes differ by up to {apart_mm:.2f} mm"
            )
