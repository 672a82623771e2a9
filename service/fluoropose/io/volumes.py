"""Reading of volumes of any kind, which the name of the file or folder tells, and the identity of their data."""

import hashlib
from pathlib import Path

import numpy as np

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.dicom import read_dicom_series
from fluoropose.io.nifti import read_nifti
from fluoropose.io.nrrd import read_nrrd
from fluoropose.io.reader_faults import translate_faults

__all__ = ["read_volume", "volume_identity"]


def read_volume(path: Path) -> Volume:
    """Return the CT in a NIfTI or NRRD file, a DICOM folder or a zip of one, in HU and LPS mm.

    Raises
    ------
    VolumeError
        If nothing is there, the kind is unknown, or the file cannot be read.
    """
    with translate_faults(VolumeError, f"a volume in {path.name}"):
        return _read(path)


def _read(path: Path) -> Volume:
    if not path.exists():
        raise VolumeError(f"expected a volume, got no file or folder {path}")
    name = path.name.lower()
    if path.is_dir() or name.endswith(".zip"):
        return read_dicom_series(path)
    if name.endswith((".nii", ".nii.gz")):
        return read_nifti(path)
    if name.endswith((".nrrd", ".nhdr")):
        return read_nrrd(path)
    raise VolumeError(f"expected a DICOM folder or .zip, .nii, .nii.gz or .nrrd, got {path.name}")


def volume_identity(volume: Volume) -> str:
    """Return 16 hex digits that identify a volume's values and placement."""
    digest = hashlib.sha256(np.ascontiguousarray(volume.values).tobytes())
    digest.update(np.round(volume.lps_from_index, 5).tobytes())
    return digest.hexdigest()[:16]
