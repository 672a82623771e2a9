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
    found = read_nifti(tmp_path / "v.nii.gz").volume
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
    assert read_nifti(tmp_path / "one.nii").volume.values.shape == (4, 5, 6)
    nibabel.save(nibabel.Nifti1Image(np.stack([volume.values] * 2, axis=-1), np.eye(4)), tmp_path / "two.nii")
    with pytest.raises(VolumeError, match=r"3 axes in two.nii, got 4 axes of 4 x 5 x 6 x 2"):
        read_nifti(tmp_path / "two.nii")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VolumeError, match=r"in gone.nii, got: no such file"):
        read_nifti(tmp_path / "gone.nii")


def saved(path, values, *, unit="mm", affine=None, kind=nibabel.Nifti1Image, codes=None):
    image = kind(values, np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine)
    image.header.set_xyzt_units(unit)
    if codes is not None:
        image.set_qform(image.affine, code=codes[0])
        image.set_sform(image.affine, code=codes[1])
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1.0), ("meter", 1e-3), ("micron", 1e3), ("unknown", 1.0)])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_lengths_are_in_the_headers_unit(tmp_path, volume, unit, factor, kind):
    affine = np.diag([2.0 * factor, 2.0 * factor, 3.0 * factor, 1.0])
    affine[:3, 3] = np.array([10.0, 20.0, 30.0]) * factor
    reading = read_nifti(saved(tmp_path / "v.nii", volume.values, unit=unit, affine=affine, kind=kind))
    np.testing.assert_allclose(reading.volume.lps_from_index[:3, 3], [-10.0, -20.0, 30.0], rtol=1e-6)
    np.testing.assert_allclose(reading.volume.spacing_mm, [2.0, 2.0, 3.0], rtol=1e-6)
    assert reading.kind == ("NIfTI" if kind is nibabel.Nifti1Image else "NIfTI-2")
    said = {finding.code for finding in reading.findings}
    assert said == {"mm": set(), "unknown": {"unit-unknown"}}.get(unit, {"unit"})


def test_a_header_without_a_placement_is_refused(tmp_path, volume):
    path = saved(tmp_path / "v.nii", volume.values, codes=(0, 0))
    with pytest.raises(VolumeError, match="qform_code or sform_code above 0 .* got 0 for both: .* left from right"):
        read_nifti(path)


def test_forms_that_differ_are_said(tmp_path, volume):
    image = nibabel.Nifti1Image(volume.values, np.diag([2.0, 2.0, 3.0, 1.0]))
    image.set_qform(np.diag([-2.0, 2.0, 3.0, 1.0]), code=1)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / "v.nii")
    reading = read_nifti(tmp_path / "v.nii")
    np.testing.assert_allclose(reading.volume.lps_from_index[0, 0], -2.0)
    assert [finding.code for finding in reading.findings] == ["forms-differ"]


def test_nan_around_an_object_is_air(tmp_path):
    values = np.full((8, 8, 8), np.nan, np.float32)
    values[2:6, 2:6, 2:6] = 800.0
    reading = read_nifti(saved(tmp_path / "v.nii", values))
    assert reading.volume.values[0, 0, 0] == -1000.0
    assert reading.findings[0].text == "88 % of the voxels are NaN, around the rest; they are taken as air, -1000 HU"


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_colours_and_complex_numbers_are_refused(tmp_path, dtype):
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4), dtype), np.eye(4)), tmp_path / "v.nii")
    with pytest.raises(VolumeError, match=r"one number per voxel in v\.nii"):
        read_nifti(tmp_path / "v.nii")


def test_a_promise_of_too_many_voxels_is_refused_before_reading(tmp_path, volume):
    path = saved(tmp_path / "v.nii", volume.values)
    data = bytearray(path.read_bytes())
    data[42:48] = np.array([32000] * 3, "<i2").tobytes()
    path.write_bytes(bytes(data))
    with pytest.raises(VolumeError, match="at most 1,073,741,824 voxels .* got 32000 x 32000 x 32000"):
        read_nifti(path)
