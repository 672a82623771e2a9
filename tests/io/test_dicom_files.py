"""Files of a series: parsed with or without a preamble, or named."""

import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.dicom_files import FolderContents, name_some, parse_dicom, read_contents
from support.damaged import zipped
from support.dicom import deflated, slice_bytes, without_preamble

DATA = slice_bytes(0, np.zeros((4, 5), np.int16), [0.0, 0.0, 0.0])


def test_a_preamble_is_not_needed():
    assert parse_dicom(without_preamble(DATA)).Rows == parse_dicom(DATA).Rows == 4


@pytest.mark.parametrize(("data", "words"), [(b"", "empty"), (b"\0" * 300, "not DICOM")])
def test_what_is_no_dicom_file_is_said(data, words):
    with pytest.raises(ValueError, match=words):
        parse_dicom(data)


def test_every_file_is_a_data_set_or_named(tmp_path):
    (tmp_path / "ct.zip").write_bytes(
        zipped({"a/1": DATA, "a/2": b"", "a/notes.txt": b"words", "a/3.bin": b"\xff" * 9})
    )
    contents = read_contents(tmp_path / "ct.zip")
    assert list(contents.datasets) == ["a/1"]
    assert list(contents.others) == ["a/2", "a/notes.txt", "a/3.bin"]
    with pytest.raises(VolumeError, match="expected a readable slice in a/2, got an empty file"):
        contents.require_readable(["a/1"])


def test_a_name_of_numbers_has_no_ending():
    contents = FolderContents({}, {"1.2.840.113": "an empty file"})
    with pytest.raises(VolumeError, match="readable slice in 1.2.840.113"):
        contents.require_readable(["1.2.840.112"])
    assert contents.require_readable(["1.dcm"])[0].text == "left out, not DICOM: 1.2.840.113"


def test_many_names_are_counted():
    assert name_some([*"abcdefg"]) == "a, b, c, d, e and 2 more"


def test_a_slice_that_inflates_beyond_its_header_is_named(tmp_path):
    (tmp_path / "1.dcm").write_bytes(deflated(DATA))
    (tmp_path / "2.dcm").write_bytes(deflated(DATA, extra=b"\0" * 20_000_000))
    contents = read_contents(tmp_path)
    assert list(contents.datasets) == ["1.dcm"]
    with pytest.raises(VolumeError, match=r"readable slice in 2\.dcm, got expected a deflated image of at most"):
        contents.require_readable(["1.dcm"])
