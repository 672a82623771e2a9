"""Masks of voxels: their connected parts, specks, margins, and what can be reached from the grid's faces.

Voxels that share a face, an edge or a corner are connected: a thin wall that crosses the grid askew stays one part.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label, maximum_filter1d

from fluoropose.arrays import Bool

__all__ = [
    "Parts",
    "box_of",
    "count_parts",
    "enclosed",
    "grow",
    "largest_part",
    "part_voxels",
    "reached_from_faces",
    "small_parts",
    "without_specks",
]

SPECK_SHARE = 0.001
"""A part of less than this share of the largest one is a speck: the shadow of a tenth of its size, at most."""

SPECK_VOXELS = 4
"""A part of fewer voxels is a speck too: in a small object a thousandth is less than a voxel."""

MAIN_SHARE = 0.9
"""Specks are dropped only where one part is more than this share of all: among many parts none is the object."""


@dataclass(frozen=True, slots=True)
class Parts:
    """How many connected parts there are, the largest one's share of their voxels, and how many specks were dropped."""

    count: int
    largest_share: float
    specks: int = 0


def without_specks(mask: Bool) -> tuple[Bool, Parts]:
    """Return a mask without its specks, and what is left of its parts.

    The object's box is what everything is scaled by, and one voxel of noise far away would widen it. All parts stay
    unless the largest is more than `MAIN_SHARE` of the voxels; then those below `SPECK_SHARE` of it, or of fewer than
    `SPECK_VOXELS`, go.
    """
    labels, voxels, cut = _label(mask)
    if not len(voxels):
        return mask, Parts(0, 0.0)
    largest = int(voxels.max())
    kept = np.full(len(voxels), True)
    if largest > MAIN_SHARE * int(voxels.sum()):
        kept = voxels >= max(SPECK_SHARE * largest, SPECK_VOXELS)
    parts = Parts(int(kept.sum()), largest / int(voxels[kept].sum()), int((~kept).sum()))
    if not parts.specks:
        return mask, parts
    clean = np.zeros_like(mask)
    clean[cut] = np.concatenate([[False], kept])[labels]
    return clean, parts


def count_parts(mask: Bool) -> Parts:
    """Return how many connected parts a mask has, specks among them."""
    voxels = part_voxels(mask)
    return Parts(len(voxels), int(voxels.max()) / int(voxels.sum())) if len(voxels) else Parts(0, 0.0)


def part_voxels(mask: Bool) -> NDArray[np.int64]:
    """Return the number of voxels of every connected part."""
    return _label(mask)[1]


def largest_part(mask: Bool) -> Bool:
    """Return the mask of the connected part with the most voxels; a mask without a voxel stays empty."""
    labels, voxels, cut = _label(mask)
    part = np.zeros_like(mask)
    if len(voxels):
        part[cut] = labels == 1 + int(voxels.argmax())
    return part


def box_of(mask: Bool, margin: tuple[int, ...] = (0, 0, 0)) -> tuple[slice, ...]:
    """Return the slices of the box around a mask, wider by a margin in voxels as far as the grid goes.

    The box of a mask without a voxel is empty.
    """
    slices = []
    for axis, wider in enumerate(margin):
        others = tuple(n for n in range(mask.ndim) if n != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if not len(found):
            return (slice(0, 0),) * mask.ndim
        slices.append(slice(max(int(found[0]) - wider, 0), int(found[-1]) + 1 + wider))
    return tuple(slices)


def grow(mask: Bool, reach: tuple[int, ...]) -> Bool:
    """Return the voxels that are within `reach` voxels of the mask along each axis: a box, not a ball."""
    grown = mask.view(np.uint8)
    for axis, voxels in enumerate(reach):
        grown = maximum_filter1d(grown, 2 * voxels + 1, axis=axis, mode="constant", cval=0)
    return grown.astype(bool)


def enclosed(mask: Bool) -> Bool:
    """Return the mask with the voxels that lie between two of its voxels along at least two axes.

    That fills the inside of a hollow body, and of a tube that is cut open at the end of the grid.
    """
    votes = np.zeros(mask.shape, np.uint8)
    for axis in range(mask.ndim):
        before = np.logical_or.accumulate(mask, axis=axis)
        after = np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis=axis), axis)
        votes += before & after
    return mask | (votes >= 2)


def reached_from_faces(mask: Bool) -> Bool:
    """Return the connected parts of a mask that touch a face of the grid."""
    labels, count = label(mask)
    faces = [labels.take(end, axis=axis).ravel() for axis in range(mask.ndim) for end in (0, -1)]
    reached = np.zeros(count + 1, dtype=bool)
    reached[np.concatenate(faces)] = True
    reached[0] = False
    return np.asarray(reached[labels])


def _label(mask: Bool) -> tuple[NDArray[Any], NDArray[np.int64], tuple[slice, ...]]:
    """Return the numbers of the parts inside the mask's box, the voxels of each, and that box."""
    cut = box_of(mask)
    labels, _ = label(mask[cut], structure=np.ones((3, 3, 3), dtype=bool))
    return labels, np.bincount(labels.ravel())[1:], cut


def small_parts(mask: Bool, least: int, longest: int) -> Bool:
    """Return the connected parts of a mask (rows, columns) with at least so many pixels and no side over `longest`."""
    labels, count = label(mask, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    kept = sizes >= least
    kept[0] = False
    for number, box in enumerate(find_objects(labels), 1):
        kept[number] &= max(part.stop - part.start for part in box) <= longest
    return np.asarray(kept[labels])
