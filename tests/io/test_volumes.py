"""Volumes of any kind by name, and the identity of their data."""

import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.nifti import write_nifti
from fluoropose.io.volumes import read_volume, volume_identity
from support.dicom import series


def test_the_identity_sees_values_and_place(volume):
    other = volume.values.copy()
    other[0, 0, 0] += 1
    moved = volume.lps_from_index.copy()
    moved[0, 3] += 1
    names = {volume_identity(v) for v in (volume, Volume(other, volume.lps_from_index), Volume(volume.values, moved))}
    assert len(names) == 3


@pytest.mark.parametrize("name", ["gone.nii.gz", "photo.jpg", "noise.nii.gz", "noise.nrrd", "cut.nii.gz"])
def test_what_is_no_volume_is_refused(tmp_path, volume, name):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "noise.nii.gz").write_bytes(b"noise")
    (tmp_path / "noise.nrrd").write_bytes(b"noise")
    write_nifti(tmp_path / "whole.nii.gz", volume)
    data = (tmp_path / "whole.nii.gz").read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(VolumeError, match="expected"):
        read_volume(tmp_path / name)


def test_the_kind_is_told_by_the_name(tmp_path, rng):
    stored = rng.integers(0, 1500, (6, 5, 7)).astype(np.int16)
    assert read_volume(series(tmp_path / "ct", stored)).values.shape == stored.shape
