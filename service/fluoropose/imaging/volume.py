"""Volumes on regular grids. Values have the axes (i, j, k); a matrix places them in the patient frame (LPS, mm)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat44, Points, Vec3, make_read_only
from fluoropose.errors import VolumeError

__all__ = ["Volume", "bounding_corners", "check_volume", "crop_to_content", "extend_ends", "pool_object", "pool_voxels"]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Samples at the centres of voxels.

    Attributes
    ----------
    values : the HU of a CT or the attenuation of an object in 1/mm, float32, shape (ni, nj, nk), read-only
    lps_from_index : the affine matrix, shape (4, 4), that takes (i, j, k) to LPS mm; columns may differ in length
    """

    values: Float32
    lps_from_index: Mat44

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        object.__setattr__(self, "values", make_read_only(np.asarray(self.values, dtype=np.float32)))
        object.__setattr__(self, "lps_from_index", make_read_only(np.asarray(self.lps_from_index, dtype=np.float64)))

    @property
    def spacing_mm(self) -> Vec3:
        """The distances between neighbouring voxels along i, j and k, shape (3,)."""
        return np.linalg.norm(self.lps_from_index[:3, :3], axis=0)

    @property
    def centre_mm(self) -> Vec3:
        """The middle of the grid in LPS, shape (3,)."""
        middle = (np.array(self.values.shape) - 1) / 2
        return self.lps_from_index[:3, :3] @ middle + self.lps_from_index[:3, 3]


def check_volume(volume: Volume) -> Volume:
    """Return `volume` unchanged if it can be a CT or an object.

    Raises
    ------
    VolumeError
        If `volume` is not 3-D, has an axis of one voxel, is not finite, has one value everywhere, or its matrix is
        degenerate.
    """
    if volume.values.ndim != 3:
        raise VolumeError(f"a volume must have 3 axes, got shape {volume.values.shape}")
    if min(volume.values.shape) < 2:
        raise VolumeError(f"a volume must have at least 2 voxels along each axis, got shape {volume.values.shape}")
    if not np.isfinite(volume.values).all():
        bad = int((~np.isfinite(volume.values)).sum())
        raise VolumeError(f"volume values must be finite, got {bad} voxels of NaN or infinity")
    if float(volume.values.min()) == float(volume.values.max()):
        raise VolumeError(f"a volume must not be empty, got the one value {float(volume.values.min()):g} everywhere")
    spacing = volume.spacing_mm
    if not np.isfinite(volume.lps_from_index).all() or (spacing <= 0).any():
        raise VolumeError(f"voxel spacing must be positive and finite, got {spacing.tolist()} mm")
    if abs(np.linalg.det(volume.lps_from_index[:3, :3])) < 1e-6 * float(np.prod(spacing)):
        raise VolumeError("the volume's axes must be independent, got a degenerate direction matrix")
    return volume


def crop_to_content(volume: Volume, margin: int = 1) -> Volume:
    """Return the smallest part of a volume that holds all non-zero voxels, with `margin` voxels of 0 around it.

    Raises
    ------
    VolumeError
        If every voxel is 0.
    """
    first, last = _content_ends(volume)
    low, high = first, last + 1
    cropped = volume.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    shift = np.eye(4)
    shift[:3, 3] = low - margin
    return Volume(np.pad(cropped, margin), volume.lps_from_index @ shift)


def extend_ends(volume: Volume, length_mm: float) -> Volume:
    """Return the volume with its first and last slice repeated for `length_mm` along the patient's long axis.

    A CT ends at cuts through the body. A DRR of it would show air beyond the cuts, where a frame shows the patient.
    """
    axis = int(np.argmax(np.abs(volume.lps_from_index[2, :3])))
    count = int(length_mm / float(volume.spacing_mm[axis]))
    shift = np.eye(4)
    shift[axis, 3] = -count
    widths = [(count, count) if n == axis else (0, 0) for n in range(3)]
    return Volume(np.pad(volume.values, widths, mode="edge"), volume.lps_from_index @ shift)


def pool_voxels(volume: Volume, factors: tuple[int, ...]) -> Volume:
    """Return a coarser volume: each voxel is the mean of a block of `factors` voxels along i, j and k.

    Voxels at the end of an axis that fill no whole block are left out.
    """
    if all(factor == 1 for factor in factors):
        return volume
    counts = [length // factor for length, factor in zip(volume.values.shape, factors, strict=True)]
    whole = volume.values[tuple(slice(count * factor) for count, factor in zip(counts, factors, strict=True))]
    shape = [size for count, factor in zip(counts, factors, strict=True) for size in (count, factor)]
    placed = np.diag([*map(float, factors), 1.0])
    placed[:3, 3] = [(factor - 1) / 2 for factor in factors]
    return Volume(whole.reshape(shape).mean(axis=(1, 3, 5)), volume.lps_from_index @ placed)


def pool_object(volume: Volume, factors: tuple[int, ...]) -> Volume:
    """Return a coarser volume of an object in air: nothing of it is left out, and voxels of 0 surround it."""
    if all(factor == 1 for factor in factors):
        return volume
    widths = [(factor, factor + -length % factor) for length, factor in zip(volume.values.shape, factors, strict=True)]
    shift = np.eye(4)
    shift[:3, 3] = [-float(factor) for factor in factors]
    return pool_voxels(Volume(np.pad(volume.values, widths), volume.lps_from_index @ shift), factors)


def bounding_corners(volume: Volume) -> Points:
    """Return the corners, shape (8, 3) in LPS mm, of the box of the non-zero voxels, measured to the voxels' faces.

    Raises
    ------
    VolumeError
        If every voxel is 0.
    """
    first, last = _content_ends(volume)
    ends = np.stack([first - 0.5, last + 0.5])
    corners = np.array([[ends[a, 0], ends[b, 1], ends[c, 2]] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    return corners @ volume.lps_from_index[:3, :3].T + volume.lps_from_index[:3, 3]


def _content_ends(volume: Volume) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last index along each axis, (3,) each, of the slices that are not all 0."""
    if not volume.values.any():
        raise VolumeError("expected an object with attenuation, got an empty volume")
    along = [np.moveaxis(volume.values, axis, 0) for axis in range(3)]
    first = [next(n for n in range(len(slices)) if slices[n].any()) for slices in along]
    last = [next(n for n in reversed(range(len(slices))) if slices[n].any()) for slices in along]
    return np.array(first), np.array(last)
