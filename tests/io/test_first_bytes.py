"""Kinds of files by their first bytes."""

import pytest

from fluoropose.io.first_bytes import is_dicom, is_dicom_file, is_tiff

DICOM = bytes(128) + b"DICM" + b"more"


@pytest.mark.parametrize(
    ("data", "dicom", "tiff"),
    [
        (DICOM, True, False),
        (b"II*\0" + DICOM[4:], True, True),
        (b"MM\0*", False, True),
        (b"MM*\0", False, False),
        (DICOM[:131], False, False),
        (b"", False, False),
    ],
)
def test_the_marks_of_dicom_and_tiff(tmp_path, data, dicom, tiff):
    (tmp_path / "file").write_bytes(data)
    assert (is_dicom(data), is_dicom_file(tmp_path / "file"), is_tiff(data)) == (dicom, dicom, tiff)
