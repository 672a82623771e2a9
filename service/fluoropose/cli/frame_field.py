"""The field that the frames' own files tell: shutters and collimators of DICOM images become the camera's mask."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fluoropose.cli.inputs import read_placed_camera
from fluoropose.geometry.field_mask import field_mask_from
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.io.runs import frame_files
from fluoropose.io.xa_field import read_image_field

__all__ = ["frame_field", "read_camera_of", "with_frame_field"]


def frame_field(frames: Path, number: int | None = None) -> dict[str, Any] | None:
    """Return the field of frames in a file or a folder as a camera's `mask` has it; None where nothing bounds it.

    A folder's is that of its first file; of a file of several frames it is that of frame `number`, by default the
    first.

    Raises
    ------
    FrameError
        If a shutter's numbers are missing.
    """
    if frames.is_dir():
        files = frame_files(frames)
        return read_image_field(files[0]) if files else None
    return read_image_field(frames, number or 0)


def with_frame_field(placed: PlacedCamera, frames: Path, number: int | None = None) -> PlacedCamera:
    """Return a camera with the mask that its frames tell, or as it is where its own file has one or there is none."""
    if placed.mask is not None:
        return placed
    field = frame_field(frames, number)
    return placed if field is None else replace(placed, mask=field_mask_from(**field))


def read_camera_of(path: Path, frames: Path) -> dict[str, Any]:
    """Return the camera in a file as sessions take it, with the mask that its frames tell unless it has one."""
    camera = read_placed_camera(path)
    field = None if camera.get("mask") else frame_field(frames)
    return camera if field is None else camera | {"mask": field}
