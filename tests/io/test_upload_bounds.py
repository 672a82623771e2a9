"""Uploads that would read other files, or grow without bound, are refused by their headers, in no time."""

import bz2
import gzip
import os
import struct
import time
import zipfile
import zlib

import nrrd
import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.nifti import write_nifti
from fluoropose.io.upload_bounds import MAX_ENTRIES, check_upload

HEAD = b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 4 4\n"
VALUES = np.arange(64, dtype=np.int16).reshape(4, 4, 4)


def nrrd_file(tmp_path, more, data=VALUES.tobytes()):
    path = tmp_path / "volume.nrrd"
    path.write_bytes(HEAD + more + b"\n" + data)
    return path


def refused(path, words):
    began = time.process_time()
    with pytest.raises(VolumeError, match=words):
        check_upload(path)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bz2", "ascii"])
@pytest.mark.parametrize("kind", [np.int16, np.float32, np.uint8, np.int64, np.float64])
def test_whole_nrrd_files_pass(tmp_path, encoding, kind):
    nrrd.write(str(tmp_path / "volume.nrrd"), VALUES.astype(kind), {"encoding": encoding})
    check_upload(tmp_path / "volume.nrrd")


@pytest.mark.parametrize(
    "line",
    [b"data file: /etc/passwd\n", b"datafile: pipe\n", b"DATA FILE: LIST\n", b"Data  file: a%d.raw 1 9 1\n"],
)
def test_an_nrrd_that_names_other_files_is_refused_and_none_is_opened(tmp_path, line):
    """One of them is a FIFO: to open it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    refused(nrrd_file(tmp_path, b"encoding: raw\n" + line), "got one that names other files")
    refused(nrrd_file(tmp_path, (b"encoding: raw\n" + line).replace(b"\n", b"\r\n") + b"\r"), "names other files")


def test_gzip_and_bzip2_may_not_grow_beyond_what_the_header_claims(tmp_path):
    """A megabyte that claims 128 bytes of voxels and holds a gigabyte: it is given up after the first blocks."""
    for encoding, data in ((b"gzip", gzip.compress(bytes(2**28), 9)), (b"bzip2", bz2.compress(bytes(2**26)))):
        path = nrrd_file(tmp_path, b"encoding: " + encoding + b"\n", data)
        refused(path, "expected volume.nrrd to hold the 128 bytes that its header claims, got more")


@pytest.mark.parametrize("sizes", [b"4 4 0", b"-4 4 4", b"", b"9999999999 9999999999 4", b"1024 1024 1024", b"x"])
def test_impossible_sizes_are_refused(tmp_path, sizes):
    path = tmp_path / "volume.nrrd"
    path.write_bytes(HEAD.replace(b"4 4 4", sizes) + b"encoding: gzip\n\n")
    refused(path, "expected (1 to 536,870,912 voxels|a volume)")


def test_an_nrrd_without_an_end_of_its_header_is_refused(tmp_path):
    (tmp_path / "volume.nrrd").write_bytes(HEAD + b"# more\n" * 100_000)
    refused(tmp_path / "volume.nrrd", "expected an NRRD header within 64 KiB")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (b"DimSize = 4 4 4\nElementDataFile = /etc/passwd\n", "names other files"),
        (b"DimSize = 4 4 4\nElementDataFile = LIST\n", "names other files"),
        (b"DimSize = 9999 9999 9999\nElementDataFile = LOCAL\n", "voxels"),
        (b"DimSize = 4 4 4\n", "names other files"),
    ],
)
def test_a_metaimage_that_names_other_files_is_refused(tmp_path, more, words):
    (tmp_path / "volume.mha").write_bytes(b"ObjectType = Image\n" + more + bytes(64))
    refused(tmp_path / "volume.mha", words)


def test_a_whole_metaimage_passes(tmp_path):
    (tmp_path / "volume.mha").write_bytes(b"DimSize = 4 4 4\r\nElementDataFile = LOCAL\r\n" + bytes(64))
    check_upload(tmp_path / "volume.mha")


@pytest.fixture
def nifti(tmp_path):
    write_nifti(tmp_path / "volume.nii", Volume(VALUES.astype(np.float32), np.eye(4)))
    return bytearray((tmp_path / "volume.nii").read_bytes())


def test_whole_nifti_files_pass_also_of_the_other_byte_order_and_the_second_version(tmp_path, nifti):
    import nibabel

    (tmp_path / "volume.nii.gz").write_bytes(gzip.compress(bytes(nifti)))
    check_upload(tmp_path / "volume.nii")
    check_upload(tmp_path / "volume.nii.gz")
    for number, image in enumerate(
        (
            nibabel.Nifti2Image(VALUES, np.eye(4)),
            nibabel.Nifti1Image(VALUES, np.eye(4), nibabel.Nifti1Header(endianness=">")),
        )
    ):
        nibabel.save(image, tmp_path / f"{number}.nii.gz")
        check_upload(tmp_path / f"{number}.nii.gz")


def test_a_nifti_may_not_claim_or_grow_beyond_bounds(tmp_path, nifti):
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(bytes(nifti) + bytes(2**28)))
    refused(path, "expected bomb.nii.gz to hold the 608 bytes that its header claims, got more")
    struct.pack_into("<8h", nifti, 40, 3, 32767, 32767, 32767, 1, 1, 1, 1)
    path.write_bytes(gzip.compress(bytes(nifti)))
    refused(path, "voxels in bomb.nii.gz, got 32767 x 32767 x 32767")
    struct.pack_into("<8h", nifti, 40, 3, 4, 4, 4, 1, 1, 1, 1)
    struct.pack_into("<f", nifti, 108, 1e30)
    path.write_bytes(gzip.compress(bytes(nifti)))
    refused(path, r"voxels from 1e\+30 on")
    path.write_bytes(gzip.compress(b"short"))
    refused(path, "expected a NIfTI header in bomb.nii.gz, got 5 bytes")
    path.write_bytes(b"\x1f\x8b not gzip")
    refused(path, "expected a volume in bomb.nii.gz")


def zipped(path, count, size=10, how=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for number in range(count):
            archive.writestr(f"{number}.dcm", bytes(size))
    return path


def test_a_zip_of_a_series_passes(tmp_path):
    check_upload(zipped(tmp_path / "volume.zip", 600))


def test_a_hundred_thousand_entries_are_refused_before_one_is_read(tmp_path):
    path = zipped(tmp_path / "volume.zip", 20_000)
    data = path.read_bytes()
    refused(path, f"expected a zip of at most {MAX_ENTRIES:,} files, got 20,000")
    # A list that counts few and is long is counted, not believed.
    at = data.rfind(b"PK\5\6")
    path.write_bytes(data[: at + 8] + struct.pack("<HH", 3, 3) + data[at + 12 :])
    refused(path, "got 20,000")


def test_a_list_of_entries_longer_than_bounds_is_refused(tmp_path):
    path = zipped(tmp_path / "volume.zip", 3)
    data = path.read_bytes()
    at = data.rfind(b"PK\5\6")
    path.write_bytes(data[: at + 12] + struct.pack("<I", 2**31) + data[at + 16 :])
    refused(path, "got a list of 2,147,483,648 bytes")
    path.write_bytes(data[:at])
    refused(path, "got one without its end")


def test_more_than_65535_entries_are_counted_too(tmp_path):
    """Their number lies in another record."""
    refused(zipped(tmp_path / "volume.zip", 70_000), "expected a zip of at most 10,000 files")


def test_a_zip_that_claims_to_grow_too_much_is_refused(tmp_path):
    path = zipped(tmp_path / "volume.zip", 1, 300 * 2**20, zipfile.ZIP_DEFLATED)
    refused(path, "grows at most 200 times, got one of 0.3 GiB from 0.3 MiB")


def test_what_is_no_volume_here_is_left_to_its_reader(tmp_path):
    (tmp_path / "part.stl").write_bytes(b"solid")
    check_upload(tmp_path / "part.stl")


def test_a_damaged_stream_is_an_error_of_ours(tmp_path):
    path = nrrd_file(tmp_path, b"encoding: gzip\n", zlib.compress(b"not gzip"))
    refused(path, "expected a volume in volume.nrrd")
