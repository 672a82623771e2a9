"""DICOM: series in any order are placed, and those that cannot be placed are refused."""

import io
import zipfile

import numpy as np
import pydicom
import pytest

from fluoropose.errors import FrameError, VolumeError
from fluoropose.io.dicom import read_dicom_frame, read_dicom_run, read_dicom_series
from support.dicom import COLUMN, NORMAL, ROW, series, xray_bytes


@pytest.fixture
def stored(rng):
    return rng.integers(0, 1500, (6, 5, 7)).astype(np.int16)


def test_any_order_of_files_gives_the_volume_in_its_place(tmp_path, stored):
    volume = read_dicom_series(series(tmp_path / "ct", stored))
    np.testing.assert_allclose(volume.values, 2.0 * stored - 1024.0)
    np.testing.assert_allclose(volume.lps_from_index[:3, 0], 0.6 * ROW)
    np.testing.assert_allclose(volume.lps_from_index[:3, 1], 0.8 * COLUMN)
    np.testing.assert_allclose(volume.lps_from_index[:3, 2], 1.5 * NORMAL)
    np.testing.assert_allclose(volume.lps_from_index[:3, 3], [10.0, -20.0, 30.0])


def test_a_zip_is_a_folder(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as archive:
        archive.writestr("readme.txt", "not a DICOM file")
        for path in folder.iterdir():
            archive.write(path, f"deep/{path.name}")
    np.testing.assert_array_equal(read_dicom_series(tmp_path / "ct.zip").values, read_dicom_series(folder).values)


def test_padding_is_air(tmp_path, stored):
    stored[2, 3, 4] = -2000
    assert read_dicom_series(series(tmp_path / "ct", stored)).values[2, 3, 4] == -1000.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PixelSpacing": None}, "Pixel Spacing, got None"),
        ({"PixelSpacing": [0.0, 0.6]}, "positive Pixel Spacing"),
        ({"ImagePositionPatient": None}, "Image Position"),
        ({"ImageOrientationPatient": None}, "Image Orientation"),
        ({"Modality": "MR"}, "no CT image"),
        ({"shear": 0.2}, "gantry tilt of 11.3 degrees"),
        ({"step_mm": 0.0}, "two at the same"),
    ],
    ids=["no spacing", "zero spacing", "no position", "no orientation", "not a CT", "tilt", "doubled"],
)
def test_a_series_that_cannot_be_placed_is_refused(tmp_path, stored, changes, words):
    with pytest.raises(VolumeError, match=words):
        read_dicom_series(series(tmp_path / "ct", stored, **changes))


def test_one_slice_is_no_volume(tmp_path, stored):
    with pytest.raises(VolumeError, match="got one slice"):
        read_dicom_series(series(tmp_path / "ct", stored[:, :, :1]))


def test_mixed_series_are_refused(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    item = pydicom.dcmread(folder / "003.dcm")
    item.SeriesInstanceUID = "1.2.3"
    item.save_as(folder / "003.dcm")
    with pytest.raises(VolumeError, match="got 2 mixed"):
        read_dicom_series(folder)


def test_a_missing_slice_is_noticed(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    middle = next(p for p in folder.iterdir() if pydicom.dcmread(p).InstanceNumber == 3)
    middle.unlink()
    with pytest.raises(VolumeError, match="a slice is missing"):
        read_dicom_series(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"not a zip at all"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "ct.zip"
    path.write_bytes(content)
    with pytest.raises(VolumeError, match="expected a DICOM folder or zip"):
        read_dicom_series(path)


def test_an_empty_folder_is_no_ct(tmp_path):
    with pytest.raises(VolumeError, match="no CT image"):
        read_dicom_series(tmp_path)


def test_a_frame_is_read_and_a_damaged_one_refused(tmp_path, stored):
    path = next(series(tmp_path / "ct", stored).iterdir())
    data = path.read_bytes()
    assert read_dicom_frame(data).shape == (5, 6)
    with pytest.raises(FrameError, match="expected a DICOM image"):
        read_dicom_frame(data[:-20])
    with pytest.raises(FrameError, match="expected a DICOM image"):
        read_dicom_frame(io.BytesIO(b"nothing").getvalue())


@pytest.mark.data
def test_the_chest_ct_is_read_in_place(data):
    volume = read_dicom_series(data / "chest" / "lidc_chest_dicom.zip")
    assert volume.values.shape == (512, 512, 133)
    np.testing.assert_allclose(volume.spacing_mm, [0.703, 0.703, 2.5], atol=1e-3)
    assert volume.values.min() >= -1024.0
    assert np.linalg.det(volume.lps_from_index[:3, :3]) > 0


def test_an_archive_that_promises_too_much_is_refused_before_reading(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as archive:
        archive.mkdir("deep")
        for path in folder.iterdir():
            info = zipfile.ZipInfo(path.name)
            archive.writestr(info, path.read_bytes())
        archive.infolist()[1].file_size = 2**33
    with pytest.raises(VolumeError, match="at most 4294967296 bytes, got"):
        read_dicom_series(tmp_path / "ct.zip")


def test_folders_in_an_archive_and_beside_slices_are_passed_over(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    (folder / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as archive:
        archive.mkdir("deep")
        for path in folder.glob("*.dcm"):
            archive.write(path, f"deep/{path.name}")
    np.testing.assert_array_equal(read_dicom_series(tmp_path / "ct.zip").values, read_dicom_series(folder).values)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(VolumeError, match="got no .*gone.zip"):
        read_dicom_series(tmp_path / "gone.zip")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Rows": 6, "Columns": 5}, "slices of one size"),
        ({"ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]}, "one orientation, got several"),
    ],
)
def test_slices_that_do_not_belong_together_are_refused(tmp_path, stored, changed, words):
    folder = series(tmp_path / "ct", stored)
    one = next(folder.iterdir())
    item = pydicom.dcmread(one)
    for name, value in changed.items():
        setattr(item, name, value)
    item.save_as(one)
    with pytest.raises(VolumeError, match=words):
        read_dicom_series(folder)


def test_values_without_padding_are_all_kept(tmp_path, stored):
    volume = read_dicom_series(series(tmp_path / "ct", stored, PixelPaddingValue=None))
    np.testing.assert_allclose(volume.values, 2.0 * stored - 1024.0)


def test_a_run_has_its_frames_and_its_rate():
    frames = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    found, rate = read_dicom_run(xray_bytes(frames, RecommendedDisplayFrameRate=30))
    np.testing.assert_array_equal(found, frames)
    assert rate == 30.0
    assert read_dicom_run(xray_bytes(frames))[1] is None


def test_what_is_no_greyscale_run_is_refused():
    with pytest.raises(FrameError, match="expected a DICOM image"):
        read_dicom_run(b"noise")
    colour = np.zeros((3, 4, 4), np.uint16)
    with pytest.raises(FrameError, match="expected one greyscale frame"):
        read_dicom_frame(xray_bytes(colour))
