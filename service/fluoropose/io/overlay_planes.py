"""Overlay planes of a DICOM image (PS3.3 C.9.2): bits of a picture beside the pixels, which lie at a place in it."""

from typing import Any

import numpy as np

from fluoropose.arrays import Bool
from fluoropose.errors import FrameError

__all__ = ["overlay_plane"]


def overlay_plane(dataset: Any, group: int, frame: int = 0) -> Bool:
    """Return where the plane of a group (0x6000 to 0x601E) has a bit, (Rows, Columns) of the image.

    A plane of several frames is for the image's frames from Image Frame Origin on; other frames have none of it.

    Raises
    ------
    FrameError
        If there is no such plane, or its numbers or its bits are missing.
    """
    marked = np.zeros((int(dataset.Rows), int(dataset.Columns)), bool)
    try:
        planes = dataset.overlay_array(group).astype(bool)
        top, left = (int(one) - 1 for one in dataset.get((group, 0x0050)).value)
        first = dataset.get((group, 0x0051))
    except Exception as error:
        raise FrameError(f"expected an overlay plane in group {group:04X}, got none that can be read") from error
    planes = planes.reshape(-1, *planes.shape[-2:])
    at = frame + 1 - int(first.value) if first is not None and first.value else frame
    if len(planes) == 1 and (first is None or not first.value):
        at = 0
    if not 0 <= at < len(planes):
        return marked
    plane = planes[at][max(-top, 0) :, max(-left, 0) :]
    place = marked[max(top, 0) :, max(left, 0) :]
    rows, columns = min(len(plane), len(place)), min(plane.shape[1], place.shape[1])
    place[:rows, :columns] = plane[:rows, :columns]
    return marked
