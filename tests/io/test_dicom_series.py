"""DICOM series: in any order they are placed, and those that cannot be placed are refused."""

import zipfile

import numpy as np
import pydicom
import pytest
from pydicom.uid import XRay3DAngiographicImageStorage

from fluoropose.errors import VolumeError
from fluoropose.io.dicom_series import read_dicom_series
from support.dicom import COLUMN, NORMAL, ROW, compressed, enhanced_bytes, series, without_preamble


@pytest.fixture
def stored(rng):
    return rng.integers(0, 1500, (6, 5, 7)).astype(np.int16)


def test_any_order_of_files_gives_the_volume_in_its_place(tmp_path, stored):
    volume = read_dicom_series(series(tmp_path / "ct", stored)).volume
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
    np.testing.assert_array_equal(
        read_dicom_series(tmp_path / "ct.zip").volume.values, read_dicom_series(folder).volume.values
    )


def test_padding_is_air(tmp_path, stored):
    stored[2, 3, 4] = -2000
    assert read_dicom_series(series(tmp_path / "ct", stored)).volume.values[2, 3, 4] == -1000.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PixelSpacing": None}, "Pixel Spacing in 00[0-5].dcm, got none"),
        ({"PixelSpacing": [0.0, 0.6]}, "positive Pixel Spacing"),
        ({"ImagePositionPatient": None}, "Image Position"),
        ({"ImageOrientationPatient": None}, "Image Orientation"),
        ({"Modality": "MR"}, "no CT image"),
        ({"step_mm": 0.0}, "two at the same"),
    ],
    ids=["no spacing", "zero spacing", "no position", "no orientation", "not a CT", "doubled"],
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


@pytest.mark.data
def test_the_chest_ct_is_read_in_place(data):
    volume = read_dicom_series(data / "chest" / "lidc_chest_dicom.zip").volume
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
    np.testing.assert_array_equal(
        read_dicom_series(tmp_path / "ct.zip").volume.values, read_dicom_series(folder).volume.values
    )


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
    volume = read_dicom_series(series(tmp_path / "ct", stored, PixelPaddingValue=None)).volume
    np.testing.assert_allclose(volume.values, 2.0 * stored - 1024.0)


def codes(reading):
    return {finding.code: finding.text for finding in reading.findings}


def rewritten(path, **changes):
    """Change elements of a file; None takes one away."""
    item = pydicom.dcmread(path)
    for name, value in changes.items():
        if value is None:
            delattr(item, name)
        else:
            setattr(item, name, value)
    item.save_as(path)


def by_number(folder, number):
    return next(path for path in folder.iterdir() if pydicom.dcmread(path).InstanceNumber == number)


def test_files_without_a_preamble_are_read(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    expected = read_dicom_series(folder).volume
    for path in sorted(folder.iterdir())[-2:]:
        path.write_bytes(without_preamble(path.read_bytes()))
    found = read_dicom_series(folder).volume
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.lps_from_index, expected.lps_from_index)


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"\x12\x34" * 300], ids=["empty", "zeros", "noise"])
@pytest.mark.parametrize("number", [3, 6])
def test_a_slice_that_cannot_be_read_is_refused_by_name(tmp_path, stored, content, number):
    """The last one as one between others, which is not called missing."""
    folder = series(tmp_path / "ct", stored)
    path = by_number(folder, number)
    path.write_bytes(content)
    with pytest.raises(VolumeError, match=f"expected a readable slice in {path.name}, got"):
        read_dicom_series(folder)


def test_a_cut_slice_is_refused_by_name(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    path = by_number(folder, 3)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(VolumeError, match=f"decoded in {path.name} .Explicit VR Little Endian.*bytes"):
        read_dicom_series(folder)


def test_what_is_beside_the_slices_is_left_out_and_named(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    expected = read_dicom_series(folder).volume
    (folder / "README.txt").write_text("a CT")
    (folder / "LICENSE").write_text("free")
    (folder / "scout.dcm").write_bytes(by_number(folder, 0).read_bytes())
    rewritten(
        folder / "scout.dcm",
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        SeriesInstanceUID="1.2.3",
        Rows=2,
        Columns=2,
    )
    (folder / "report.dcm").write_bytes(by_number(folder, 0).read_bytes())
    rewritten(folder / "report.dcm", Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", PixelData=None)
    reading = read_dicom_series(folder)
    np.testing.assert_array_equal(reading.volume.values, expected.values)
    said = codes(reading)
    assert said["not-dicom"] == "left out, not DICOM: LICENSE, README.txt"
    assert said["localizer"] == "left out, a localizer: scout.dcm"
    assert said["not-ct"] == "left out, not a CT image: report.dcm (DICOM Basic Text SR Storage)"


def test_only_a_localizer_is_no_ct(tmp_path, stored):
    folder = series(tmp_path / "ct", stored[:, :, :1], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(VolumeError, match="got no CT image; it holds 1 x DICOM localizer"):
        read_dicom_series(folder)


@pytest.mark.parametrize("tilt_deg", [-20.0, 5.0, 30.0])
def test_a_tilted_gantry_shears_the_place_of_the_slices(tmp_path, stored, tilt_deg):
    shear = np.tan(np.deg2rad(tilt_deg))
    reading = read_dicom_series(series(tmp_path / "ct", stored, shear=shear))
    np.testing.assert_allclose(reading.volume.lps_from_index[:3, 2], 1.5 * (NORMAL + shear * ROW), atol=1e-6)
    assert f"tilted by {abs(tilt_deg):.1f} degrees" in codes(reading)["gantry-tilt"]


def test_the_same_slice_twice_is_taken_once_and_said(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    expected = read_dicom_series(folder).volume
    (folder / "again.dcm").write_bytes(by_number(folder, 2).read_bytes())
    reading = read_dicom_series(folder)
    np.testing.assert_array_equal(reading.volume.values, expected.values)
    assert codes(reading)["copies"].startswith("1 slice there twice, one of each was taken: ")


def test_two_slices_of_one_place_that_differ_are_refused_by_name(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    path = folder / "again.dcm"
    path.write_bytes(by_number(folder, 2).read_bytes())
    item = pydicom.dcmread(path)
    item.PixelData = bytes(len(item.PixelData))
    item.save_as(path)
    with pytest.raises(VolumeError, match="two at the same with other pixels: .*again.dcm.*two phases"):
        read_dicom_series(folder)


@pytest.mark.parametrize("step_mm", [0.5, 1.0, 5.0])
def test_positions_that_jitter_by_a_twentieth_of_a_millimetre_are_taken(tmp_path, stored, step_mm):
    folder = series(tmp_path / "ct", stored, step_mm=step_mm)
    for n, off in enumerate((0.0, 0.05, -0.05, 0.05, -0.05, 0.03, 0.0)):
        path = by_number(folder, n)
        item = pydicom.dcmread(path)
        item.ImagePositionPatient = [float(x) for x in np.array(item.ImagePositionPatient) + off * NORMAL]
        item.save_as(path)
    volume = read_dicom_series(folder).volume
    np.testing.assert_allclose(volume.lps_from_index[:3, 2], step_mm * NORMAL, atol=1e-9)


def test_uneven_gaps_are_called_uneven(tmp_path, stored):
    folder = series(tmp_path / "ct", stored)
    for n in (5, 6):
        path = by_number(folder, n)
        item = pydicom.dcmread(path)
        item.ImagePositionPatient = [float(x) for x in np.array([10.0, -20.0, 30.0]) + (6.0 + 2.05 * (n - 4)) * NORMAL]
        item.save_as(path)
    with pytest.raises(VolumeError, match=r"even distances, got 1.500 to 2.050 mm, the oddest between .*uneven gaps"):
        read_dicom_series(folder)


def test_how_many_slices_are_missing_and_where_is_said(tmp_path, stored):
    folder = series(tmp_path / "ct", np.concatenate([stored, stored], axis=2))
    for n in (3, 4):
        by_number(folder, n).unlink()
    with pytest.raises(VolumeError, match=r"got 4.500 mm between \d+.dcm and \d+.dcm: 2 slices are missing"):
        read_dicom_series(folder)


@pytest.mark.parametrize("name", ["RescaleIntercept", "RescaleSlope", "ImagePositionPatient", "PixelSpacing"])
def test_an_empty_attribute_is_named_with_its_file(tmp_path, stored, name):
    folder = series(tmp_path / "ct", stored)
    path = by_number(folder, 4)
    rewritten(path, **{name: None})
    item = pydicom.dcmread(path)
    item.add_new(name, "DS", None)
    item.save_as(path)
    words = "".join(f" {c}" if c.isupper() else c for c in name).strip().replace("Patient", r".Patient.")
    with pytest.raises(VolumeError, match=f"as {words} in {path.name}, got nothing"):
        read_dicom_series(folder)


def test_an_enhanced_ct_is_placed_frame_by_frame(tmp_path, stored):
    expected = read_dicom_series(series(tmp_path / "ct", stored)).volume
    (tmp_path / "one.dcm").write_bytes(enhanced_bytes(stored))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "IM0001").write_bytes(enhanced_bytes(stored))
    for path in (tmp_path / "one.dcm", tmp_path / "folder"):
        reading = read_dicom_series(path)
        np.testing.assert_array_equal(reading.volume.values, expected.values)
        np.testing.assert_allclose(reading.volume.lps_from_index, expected.lps_from_index, atol=1e-9)
    assert reading.kind == "DICOM Enhanced CT Image Storage"


def test_a_cone_beam_ct_of_an_angiography_system_is_read(tmp_path, stored):
    data = enhanced_bytes(stored, sop_class=XRay3DAngiographicImageStorage, Modality="XA")
    (tmp_path / "cbct.dcm").write_bytes(data)
    reading = read_dicom_series(tmp_path / "cbct.dcm")
    np.testing.assert_array_equal(reading.volume.values, 2.0 * stored - 1024.0)
    assert "cone-beam" in codes(reading)["cone-beam"]


def test_a_multi_frame_image_without_places_is_not_called_one_slice(tmp_path, stored):
    (tmp_path / "one.dcm").write_bytes(enhanced_bytes(stored, positions=False))
    with pytest.raises(VolumeError, match="multi-frame image of 7 frames does not tell where they lie"):
        read_dicom_series(tmp_path / "one.dcm")


@pytest.mark.parametrize(
    "syntax", ["JPEGLosslessProcess14_1", "JPEGLosslessProcess14", "JPEGLSLossless", "JPEG2000Lossless", "RLELossless"]
)
def test_compressed_slices_are_those_that_were_compressed(tmp_path, syntax):
    stored = np.arange(24 * 20 * 3, dtype=np.int16).reshape(24, 20, 3) * 3 % 3000 - 1000
    folder = series(tmp_path / "ct", stored)
    expected = read_dicom_series(folder).volume
    for path in folder.iterdir():
        path.write_bytes(compressed(path.read_bytes(), syntax))
    reading = read_dicom_series(folder)
    assert "Little Endian" not in reading.facts["transfer_syntax"]
    np.testing.assert_array_equal(reading.volume.values, expected.values)


def test_two_series_are_told_apart_in_words(tmp_path, stored):
    folder = series(tmp_path / "ct", stored, SeriesDescription="bone kernel")
    rewritten(by_number(folder, 0), SeriesInstanceUID="1.2.3", SeriesDescription="soft kernel")
    with pytest.raises(VolumeError, match="got 2 mixed in one place: 6 images of bone kernel; 1 image of soft kernel"):
        read_dicom_series(folder)


def test_a_colour_picture_is_no_slice(tmp_path, stored):
    folder = series(tmp_path / "ct", stored, SamplesPerPixel=3)
    with pytest.raises(VolumeError, match="Samples per Pixel 1 .* got 3: a colour picture"):
        read_dicom_series(folder)
