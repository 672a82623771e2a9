"""A label map on the grid of its CT: cropped, flipped, turned and coarser maps are resampled by the nearest voxel."""

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.errors import ObjectSelectionError
from fluoropose.imaging.volume import Volume

__all__ = ["labels_on_grid", "same_grid"]

_SAME_SHARE = 0.01
"""Grids are one if their voxels lie within this share of a voxel's side."""

_LEAST_INSIDE = 0.5
"""A map of which less lies in the CT belongs to another scan."""

_MOST_SAMPLES = 200_000


def same_grid(labels: Volume, volume: Volume) -> bool:
    """Return whether two volumes have the same voxels in the same places."""
    if labels.values.shape != volume.values.shape:
        return False
    tolerance_mm = _SAME_SHARE * float(volume.spacing_mm.min())
    return bool(np.abs(labels.lps_from_index - volume.lps_from_index).max() <= tolerance_mm)


def labels_on_grid(labels: Volume, volume: Volume) -> Volume:
    """Return a label map on the grid of `volume`, 0 where the map does not reach.

    Raises
    ------
    ObjectSelectionError
        If most of what is labelled lies outside the volume: the map is that of another scan, or misplaced.
    """
    if same_grid(labels, volume):
        return labels
    share = _share_inside(labels, volume)
    if share < _LEAST_INSIDE:
        raise ObjectSelectionError(
            f"expected a label map that lies where the CT lies, got one of which {100 * share:.0f} % of the labelled "
            "voxels are in the CT: is it of another scan?"
        )
    values: Float32 = np.zeros_like(volume.values)
    label_from_index = np.linalg.inv(labels.lps_from_index) @ volume.lps_from_index
    j, k = np.mgrid[: values.shape[1], : values.shape[2]].reshape(2, -1)
    for i in range(values.shape[0]):
        values[i] = _nearest(labels.values, label_from_index, i, j, k).reshape(values.shape[1:])
    return Volume(values, volume.lps_from_index)


def _share_inside(labels: Volume, volume: Volume) -> float:
    """Return the share of the labelled voxels whose centres lie in a volume; 1 if nothing is labelled."""
    index = np.argwhere(labels.values != 0)
    index = index[:: 1 + len(index) // _MOST_SAMPLES]
    if not len(index):
        return 1.0
    placed = np.linalg.inv(volume.lps_from_index) @ labels.lps_from_index
    found = index @ placed[:3, :3].T + placed[:3, 3]
    return float(((found > -0.5) & (found < np.array(volume.values.shape) - 0.5)).all(axis=1).mean())


def _nearest(values: Float32, label_from_index: Mat44, i: int, j: Float64, k: Float64) -> Float32:
    """Return the labels nearest to voxels (i, j, k) of the other grid, 0 outside."""
    inside = np.ones(len(j), bool)
    places = []
    for row, length in zip(label_from_index[:3], values.shape, strict=True):
        place = np.rint(row[0] * i + row[1] * j + row[2] * k + row[3]).astype(np.int64)
        inside &= (place >= 0) & (place < length)
        places.append(np.clip(place, 0, length - 1))
    return np.where(inside, values[tuple(places)], np.float32(0.0))
