"""Reading and writing of NIfTI. Its world frame is RAS in mm and ours LPS: x and y change sign here, nowhere else."""

from pathlib import Path

import nibabel
import numpy as np

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.io.reader_faults import translate_faults

__all__ = ["read_nifti", "write_nifti"]

_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_nifti(path: Path) -> Volume:
    """Return the volume in a .nii or .nii.gz file, its values scaled as the header says.

    Raises
    ------
    VolumeError
        If the file is missing, not NIfTI, truncated, without a positive spacing, or not 3-D.
    """
    with translate_faults(VolumeError, f"a NIfTI file in {path.name}"):
        image = nibabel.load(path)
        values = np.asarray(image.dataobj, dtype=np.float32)  # type: ignore[attr-defined]
        affine = np.asarray(image.affine, dtype=np.float64)  # type: ignore[attr-defined]
    if image.header.get_zooms()[:3] and min(image.header.get_zooms()[:3]) <= 0:  # type: ignore[attr-defined]
        raise VolumeError(f"expected a positive voxel spacing in {path.name}, got {image.header.get_zooms()[:3]}")  # type: ignore[attr-defined]
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    return check_volume(Volume(values, _LPS_FROM_RAS @ affine))


def write_nifti(path: Path, volume: Volume) -> None:
    """Write a volume as NIfTI with float32 values."""
    image = nibabel.Nifti1Image(volume.values, _LPS_FROM_RAS @ volume.lps_from_index)  # type: ignore[no-untyped-call]
    nibabel.save(image, path)
