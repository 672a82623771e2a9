"""Reading of volumes of any kind, which the name of the file or folder tells, and the identity of their data."""

import hashlib
from pathlib import Path

import numpy as np

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.dicom_series import read_dicom_series
from fluoropose.io.first_bytes import is_dicom_file
from fluoropose.io.metaimage import read_metaimage
from fluoropose.io.nifti import read_nifti
from fluoropose.io.nrrd import read_nrrd
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.volume_reading import VolumeReading

__all__ = ["VOLUME_KINDS", "examine_volume", "read_volume", "volume_identity"]

VOLUME_KINDS = "a DICOM folder, .zip or .dcm, .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd"
"""What is read, in words."""


def read_volume(path: Path) -> Volume:
    """Return the CT in a NIfTI, NRRD or MetaImage file, a DICOM folder or a zip of one, in HU and LPS mm.

    Raises
    ------
    VolumeError
        If nothing is there, the kind is unknown, or the file cannot be read.
    """
    return examine_volume(path).volume


def examine_volume(path: Path) -> VolumeReading:
    """Return what `read_volume` does, with what was left out, changed or contradicts itself; raise as it does."""
    with translate_faults(VolumeError, f"a volume in {path.name}"):
        return _examine(path)


def _examine(path: Path) -> VolumeReading:
    if not path.exists():
        raise VolumeError(f"expected a volume, got no file or folder {path}")
    name = path.name.lower()
    if path.is_dir() or name.endswith(".zip"):
        return read_dicom_series(path)
    for endings, read in _READERS.items():
        if name.endswith(endings):
            return read(path)
    if is_dicom_file(path):
        return read_dicom_series(path)
    raise VolumeError(f"expected {VOLUME_KINDS}, got {path.name}")


_READERS = {
    (".nii", ".nii.gz"): read_nifti,
    (".nrrd", ".nhdr"): read_nrrd,
    (".mha", ".mhd"): read_metaimage,
    (".dcm", ".ima", ".dicom"): read_dicom_series,
}


def volume_identity(volume: Volume) -> str:
    """Return 16 hex digits that identify a volume's values and placement."""
    digest = hashlib.sha256(np.ascontiguousarray(volume.values).tobytes())
    digest.update(np.round(volume.lps_from_index, 5).tobytes())
    return digest.hexdigest()[:16]
