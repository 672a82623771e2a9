import nibabel
import nrrd
import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.nifti import read_nifti, write_nifti
from fluoropose.io.nrrd import read_nrrd
from fluoropose.io.volumes import read_volume, volume_identity

PLACED = np.array([[0.0, -2.0, 0.1, 5], [1.5, 0, 0, -7], [0, 0.1, 3.0, 100], [0, 0, 0, 1]])


@pytest.fixture
def volume(rng):
    return Volume(rng.integers(-1000, 1500, (4, 5, 6)).astype(np.float32), PLACED)


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


@pytest.mark.parametrize(
    ("space", "signs"), [("left-posterior-superior", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1))]
)
def test_nrrd_in_both_frames(tmp_path, volume, space, signs):
    turned = np.diag(signs) @ volume.lps_from_index[:3]
    header = {"space": space, "space directions": turned[:, :3].T, "space origin": turned[:, 3]}
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    found = read_nrrd(tmp_path / "v.nrrd")
    np.testing.assert_allclose(found.lps_from_index, volume.lps_from_index, atol=1e-9)
    np.testing.assert_allclose(found.values, volume.values)


def test_the_identity_sees_values_and_place(volume):
    other = volume.values.copy()
    other[0, 0, 0] += 1
    moved = volume.lps_from_index.copy()
    moved[0, 3] += 1
    names = {volume_identity(v) for v in (volume, Volume(other, PLACED), Volume(volume.values, moved))}
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


def test_nan_in_a_volume_is_refused(tmp_path, volume):
    values = volume.values.copy()
    values[1, 2, 3] = np.nan
    write_nifti(tmp_path / "v.nii.gz", Volume(values, PLACED))
    with pytest.raises(VolumeError, match="1 voxels of NaN"):
        read_volume(tmp_path / "v.nii.gz")
