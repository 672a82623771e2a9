"""Pictures of the study: outlines of poses on frames."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.trials import Truth
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.registration.result import FrameView

__all__ = ["draw_reference", "draw_single", "pair_panels"]

_BINNED = 3
"""Pictures of whole frames show every third pixel."""

_CUT_BINNED, _CUT_PX = 2, 300
"""Pictures of single views show every second pixel, so many about the object each way."""

_GREEN, _RED, _BLUE = (60, 255, 90), (255, 70, 60), (90, 160, 255)


def draw_reference(folder: WristFolder, camera: str, frame: str, renderer: CpuRenderer) -> None:
    """Write a frame as it is and with the outline of the reference."""
    name = f"{camera}_{frame}"
    truth, full = folder.load_reference(name), folder.load_camera(camera)
    mark = outline(renderer.render(full.scale_pixels(_BINNED), truth.camera_from_volume))
    layers = [(f"{camera} {frame}", []), ("biplane reference", [(mark, _BLUE)])]
    save_picture(folder.out / f"{name}_reference.webp", overlay_panels(_bin_pixels(truth.pixels, full), layers))


def draw_single(
    path: Path, case: Case, camera: Camera, truth: Truth, poses: tuple[Mat44, Mat44], in_plane_mm: float
) -> NDArray[np.uint8]:
    """Write a picture of a start, of where ours ended from it, and of the reference, and return it.

    `poses` are start and end; the file's name begins with that of the frame.
    """
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    small = camera.scale_pixels(_CUT_BINNED)
    middle = project(small, transform(truth.camera_from_volume, case.corners_mm)).mean(axis=0)
    left, top = np.clip(middle.astype(int) - _CUT_PX // 2, 0, np.array([small.columns, small.rows]) - _CUT_PX)
    part = (slice(top, top + _CUT_PX), slice(left, left + _CUT_PX))
    marks = [outline(renderer.render(small, pose))[part] for pose in (*poses, truth.camera_from_volume)]
    layers = [
        (f"{path.stem.removesuffix('_found').replace('_', ' ')}: a start", [(marks[0], _RED)]),
        (f"found: in-plane {in_plane_mm:.2f} mm off", [(marks[1], _GREEN)]),
        ("biplane reference", [(marks[2], _BLUE)]),
    ]
    picture = overlay_panels(truth.pixels[::_CUT_BINNED, ::_CUT_BINNED][part], layers)
    save_picture(path, picture)
    return picture


def pair_panels(case: Case, view: FrameView, poses: tuple[Mat44, Mat44, Mat44], error_mm: float) -> NDArray[np.uint8]:
    """Return one view of a trial: a start, where both views together ended, and the reference.

    `poses` are world_from_volume in this order; `error_mm` is the end's error in space.
    """
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    small = view.placed.camera.scale_pixels(_BINNED)
    marks = [outline(renderer.render(small, view.placed.camera_from_world @ pose)) for pose in poses]
    layers = [
        (f"{view.name}: a start", [(marks[0], _RED)]),
        (f"both views: {error_mm:.2f} mm off in space", [(marks[1], _GREEN)]),
        ("biplane reference", [(marks[2], _BLUE)]),
    ]
    return overlay_panels(_bin_pixels(view.pixels, view.placed.camera), layers)


def _bin_pixels(pixels: NDArray[Any], camera: Camera) -> NDArray[Any]:
    """Return every third pixel of a frame, as many as the binned camera has."""
    rows, columns = camera.rows // _BINNED, camera.columns // _BINNED
    return pixels[: _BINNED * rows : _BINNED, : _BINNED * columns : _BINNED]
