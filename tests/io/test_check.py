"""The doctor: what a path is, and reports of what cannot be used."""

import json

import numpy as np
import pytest
from pydicom.uid import XRayRadiofluoroscopicImageStorage

from fluoropose.errors import InputError
from fluoropose.imaging.volume import Volume
from fluoropose.io.check import check_path, what_is
from fluoropose.io.nifti import write_nifti
from support.damaged import damaged_frames, damaged_meshes, damaged_volumes, image
from support.dicom import series, slice_bytes, xray_bytes

pytestmark = pytest.mark.filterwarnings("ignore")


def test_what_a_path_is(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "1.png").write_bytes(image("PNG"))
    (tmp_path / "ct.dcm").write_bytes(slice_bytes(0, np.zeros((4, 5), np.int16), [0.0, 0.0, 0.0]))
    pixels = np.zeros((1, 4, 5), np.uint16)
    (tmp_path / "IM0001").write_bytes(xray_bytes(pixels))
    (tmp_path / "IM0002").write_bytes(xray_bytes(pixels, SOPClassUID=XRayRadiofluoroscopicImageStorage, Modality="RF"))
    expected = {"empty": "volume", "frames": "frame", "ct.dcm": "volume", "IM0001": "frame", "IM0002": "frame"}
    names = {"a.nii.gz": "volume", "a.MHA": "volume", "a.STL": "mesh", "a.tif": "frame", "a.json": "geometry"}
    for name in names:
        (tmp_path / name).touch()
    assert {name: what_is(tmp_path / name) for name in expected | names} == expected | names
    with pytest.raises(InputError, match="got no .*gone"):
        what_is(tmp_path / "gone")


def test_what_cannot_be_used_is_a_report_with_an_error(tmp_path):
    files = damaged_volumes(tmp_path) | damaged_meshes() | damaged_frames()
    (tmp_path / "files").mkdir()
    for name, data in files.items():
        path = tmp_path / "files" / name
        path.write_bytes(data)
        report = check_path(path)
        assert not report.is_usable, name
        assert report.findings[0].code.startswith("invalid-"), name
        assert json.loads(json.dumps(report.record()))["findings"][0]["severity"] == "error"


def test_a_series_that_is_two_or_has_a_gap_is_said(tmp_path, rng):
    """Both are errors of the doctor: what was missed or mixed can only be put right where the files came from."""
    values = rng.integers(0, 900, (5, 4, 6)).astype(np.int16)
    series(tmp_path / "two" / "a", values)
    series(tmp_path / "two" / "b", values, SeriesInstanceUID="1.2.3")
    series(tmp_path / "gap", values)
    (tmp_path / "gap" / "002.dcm").unlink()
    for folder, words in (("two", "expected one CT series, got 2 mixed"), ("gap", "is missing")):
        report = check_path(tmp_path / folder)
        assert not report.is_usable
        assert words in report.findings[0].text, report.findings


def test_a_sound_file_is_usable(tmp_path, rng):
    values = rng.normal(40.0, 20.0, (20, 20, 20)).astype(np.float32)
    values[:5] = -1000.0
    write_nifti(tmp_path / "ct.nii.gz", Volume(values, np.eye(4)))
    report = check_path(tmp_path / "ct.nii.gz")
    assert (report.is_usable, report.findings) == (True, ())
    assert report.record()["understood"]["what"] == "volume"
