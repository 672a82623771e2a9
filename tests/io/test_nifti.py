"""NIfTI: RAS becomes LPS, values come back, damaged files are refused."""

import nibabel
import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.nifti import read_nifti, write_nifti
from fluoropose.io.volumes import read_volume, volume_identity
from support.volumes import PLACED


def test_nifti_is_ras_and_ours_is_lps(tmp_path):
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [10.0, 20.0, 30.0]
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "v.nii.gz")
    found = read_nifti(tmp_path / "v.nii.gz")
    # RAS (10, 20, 30) is LPS (-10, -20, 30); a step along i goes to the patient's right.
    np.testing.assert_allclose(found.lps_from_index[:3, 3], [-10.0, -20.0, 30.0])
    np.testing.assert_allclose(found.lps_from_index[:3, 0], [-2.0, 0.0, 0.0])


def test_nifti_round_trip(tmp_path, volume):
    write_nifti(tmp_path / "v.nii.gz", volume)
    found = read_volume(tmp_path / "v.nii.gz")
    np.testing.assert_allclose(found.values, volume.values)
    np.testing.assert_allclose(found.lps_from_index, volume.lps_from_index, atol=1e-5)
    assert volume_identity(found) == volume_identity(read_volume(tmp_path / "v.nii.gz"))


def test_nan_in_a_volume_is_refused(tmp_path, volume):
    values = volume.values.copy()
    values[1, 2, 3] = np.nan
    write_nifti(tmp_path / "v.nii.gz", Volume(values, PLACED))
    with pytest.raises(VolumeError, match="1 voxels of NaN"):
        read_volume(tmp_path / "v.nii.gz")


def test_a_trailing_axis_of_one_is_dropped_and_a_series_refused(tmp_path, volume):
    nibabel.save(nibabel.Nifti1Image(volume.values[..., None], np.eye(4)), tmp_path / "one.nii")
    assert read_nifti(tmp_path / "one.nii").values.shape == (4, 5, 6)
    nibabel.save(nibabel.Nifti1Image(np.stack([volume.values] * 2, axis=-1), np.eye(4)), tmp_path / "two.nii")
    with pytest.raises(VolumeError, match=r"3 axes, got shape \(4, 5, 6, 2\)"):
        read_nifti(tmp_path / "two.nii")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VolumeError, match=r"in gone.nii, got: no such file"):
        read_nifti(tmp_path / "gone.nii")
