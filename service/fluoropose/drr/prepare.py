"""From an object's attenuation to a case: the canonical view is chosen and the atlas rendered. Lengths in mm."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat33
from fluoropose.drr.atlas import AtlasGrid, Progress, build_atlas, default_step_mm, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.mesh_views import MeshRenderer
from fluoropose.drr.planes import PlaneRenderer, SerialPlaneRenderer
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.drr.renderer_maker import CPU, AbstractRendererMaker
from fluoropose.drr.view_cache import CacheSettings, ViewCache
from fluoropose.drr.view_renderers import ROUGH_PX, ViewRenderers
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.imaging.mesh import Solid
from fluoropose.imaging.volume import Volume, bounding_corners, extend_ends, pool_object, pool_voxels

__all__ = [
    "FIELD_SHARE",
    "ViewChoice",
    "canonical_view",
    "case_digest",
    "object_renderer",
    "open_view_cache",
    "prepare_case",
    "quick_rest_renderer",
    "rest_renderer",
    "view_volume",
]

FIELD_SHARE = 1.1
"""The canonical field over the object's diagonal: seen from any side, the object fits with a margin round its edge."""

_VOXELS_PER_PX = 1.5
"""Voxels of the object are pooled as long as a canonical pixel has at least so many."""

_REST_VOXELS_PER_PX = 1.5
"""Voxels of the rest of a CT are pooled up to about this many canonical pixels before it is rendered."""

_REST_VOXELS_ALONG_MM = 3.0
"""Along the view's axis they are pooled up to this size if a frame waits for the rendering."""


@dataclass(frozen=True, slots=True, eq=False)
class ViewChoice:
    """The view that the C-arm is expected to have, and the atlas's grid and picture size.

    `range_mm` is the distance from the source to the object's centre.
    """

    base_rotation: Mat33
    range_mm: float = 900.0
    grid: AtlasGrid = AtlasGrid()
    size_px: int = 128


def canonical_view(volume: Volume, choice: ViewChoice) -> CanonicalView:
    """Return the canonical view of an object, centred on its box and wide enough for it."""
    corners = bounding_corners(volume)
    size_mm = float(np.linalg.norm(np.ptp(corners, axis=0)))
    return CanonicalView(
        corners.mean(axis=0), choice.base_rotation, choice.size_px, FIELD_SHARE * size_mm, choice.range_mm
    )


def case_digest(source: str, choice: ViewChoice) -> str:
    """Return the digest of the source data and the view, 16 hex digits: a bundle fits cases of one digest."""
    rotation = np.round(choice.base_rotation, 6) + 0.0
    text = (
        f"{source}|{rotation.tolist()}|{choice.range_mm:.4f}|{_grid_text(choice.grid)}|{choice.size_px}|{FIELD_SHARE}"
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _grid_text(grid: AtlasGrid) -> str:
    """Return a grid as text. A grid without a range of beta reads as it did before one could be given."""
    beta = "" if grid.half_range_beta_deg is None else f", half_range_beta_deg={grid.half_range_beta_deg}"
    return f"AtlasGrid(half_range_deg={grid.half_range_deg}, step_deg={grid.step_deg}{beta})"


def prepare_case(
    name: str,
    source: str,
    volume: Volume,
    choice: ViewChoice,
    *,
    rest: Volume | None = None,
    solid: Solid | None = None,
    out: NDArray[Any] | None = None,
    progress: Progress = no_progress,
) -> Case:
    """Render the atlas of an object (attenuation in 1/mm), and of the `rest` of its CT if it is given.

    `source` identifies the data that the object came from; `out` is as for `build_atlas`. Of a `solid`, whose mesh the
    volume was filled from, the views are those of the mesh.
    """
    view = canonical_view(volume, choice)
    atlas = build_atlas(
        object_renderer(volume, solid, view), view, choice.grid,
        rest=None if rest is None else PlaneRenderer(_rest_volume(rest, view)), out=out, progress=progress,
    )  # fmt: skip
    return Case(name, case_digest(source, choice), volume, rest, bounding_corners(volume), atlas, solid)


def object_renderer(volume: Volume, solid: Solid | None, view: CanonicalView) -> AbstractRenderer:
    """Return what renders an object's views: its mesh if that is known, else its volume."""
    return PlaneRenderer(view_volume(volume, view)) if solid is None else MeshRenderer(solid)


def rest_renderer(rest: Volume, view: CanonicalView) -> CpuRenderer:
    """Return the renderer of the rest of a CT for an atlas."""
    volume = _rest_volume(rest, view)
    return CpuRenderer(volume, default_step_mm(volume))


def open_view_cache(
    case: Case,
    settings: CacheSettings = CacheSettings(),
    step_deg: float | None = None,
    maker: AbstractRendererMaker = CPU,
) -> ViewCache:
    """Return the cache of a case's views from all directions; it begins with the prepared ones.

    Without a `step_deg` views are as far apart as those. `maker` says where they are rendered and kept.
    """
    step_deg = case.atlas.grid.step_deg if step_deg is None else step_deg
    view = case.atlas.view
    rest = None if case.rest is None else maker.make_view_renderer(_rest_volume(case.rest, view))
    if case.solid is None:
        inside = maker.make_view_renderer(view_volume(case.volume, view))
    else:
        inside = MeshRenderer(case.solid)
    # Of a volume alone a view takes half a millisecond, and nothing would be saved.
    rough = _rough_renderers(case) if case.solid is not None or (rest is not None and maker is CPU) else ()
    renderers = ViewRenderers(inside, rest, maker.make_pictures, maker.copies, rough)
    return ViewCache(case.atlas, renderers, settings, step_deg=step_deg)


def _rough_renderers(case: Case) -> tuple[AbstractRenderer, ...]:
    """Return what renders an object, and the rest of its CT if there is one, with `ROUGH_PX` pixels a side."""
    view = replace(case.atlas.view, size_px=ROUGH_PX)
    inside = SerialPlaneRenderer(view_volume(case.volume, view))
    return (inside,) if case.rest is None else (inside, SerialPlaneRenderer(_rest_volume(case.rest, view)))


def view_volume(volume: Volume, view: CanonicalView) -> Volume:
    """Return an object's volume for its cached views: voxels of which a canonical pixel has three or more are pooled.

    A picture does not show them, and a ray through half as many takes half the time.
    """
    wanted_mm = view.field_mm / (view.size_px * _VOXELS_PER_PX)
    return pool_object(volume, tuple(max(1, int(wanted_mm / float(spacing))) for spacing in volume.spacing_mm))


def quick_rest_renderer(rest: Volume, view: CanonicalView) -> PlaneRenderer:
    """Return a faster renderer of the rest of a CT, for when a frame waits.

    Its voxels are coarser along the view's axis, along which a ray sums them up anyway.
    """
    volume = _rest_volume(rest, view)
    axes = volume.lps_from_index[:3, :3] / volume.spacing_mm
    axis = int(np.argmax(np.abs(view.base_rotation[2] @ axes)))
    factor = max(1, int(_REST_VOXELS_ALONG_MM / volume.spacing_mm[axis]))
    factors = tuple(factor if n == axis else 1 for n in range(3))
    return PlaneRenderer(pool_voxels(volume, factors))


def _rest_volume(rest: Volume, view: CanonicalView) -> Volume:
    """Return the rest of a CT for rendering, extended beyond its ends by the width of the canonical field.

    Voxels are pooled to about one and a half canonical pixels; a picture does not show finer ones.
    """
    wanted_mm = _REST_VOXELS_PER_PX * view.field_mm / view.size_px
    coarse = pool_voxels(rest, tuple(max(1, round(wanted_mm / float(spacing))) for spacing in rest.spacing_mm))
    return extend_ends(coarse, view.field_mm)
