"""Arrays on disk: room is taken first, a full disk is an error of a call, and one flipped bit is noticed."""

import errno
import resource
import shutil
from collections import namedtuple

import numpy as np
import pytest

from fluoropose.errors import StorageError
from fluoropose.io.arrays_on_disk import SPARE_BYTES, check_files, digests_of, require_room, reserve, write_array


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float16).reshape(2, 3, 4),
        np.arange(24, dtype=np.float32).reshape(2, 3, 4).T,
        np.zeros((0, 3), np.uint8),
        np.ones((5, 5), np.float64)[::2],
    ],
    ids=["plain", "transposed", "empty", "strided"],
)
def test_an_array_comes_back_and_can_be_mapped(tmp_path, array):
    write_array(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)
    if array.size:
        np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), array)
    assert np.load(tmp_path / "a.npy").dtype == array.dtype


def test_a_file_that_may_not_grow_so_far_is_an_error_and_no_signal(tmp_path):
    """The limit stands for a disk that is full: the room is refused before a byte of the array is written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError) as raised:
            write_array(tmp_path / "a.npy", np.zeros(100_000, np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.errno == errno.EFBIG
    assert (tmp_path / "a.npy").stat().st_size < 1000


def test_reserved_room_is_of_the_files_size(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        reserve(file.fileno(), 5000)
        reserve(file.fileno(), 0)
    assert (tmp_path / "a").stat().st_size == 5000


def test_room_is_asked_for_with_some_to_spare(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, SPARE_BYTES + 1000))
    require_room(tmp_path, 1000)
    with pytest.raises(StorageError, match="expected room for 0.0 MiB .* got 4.0 MiB: delete some cases"):
        require_room(tmp_path, 1001)


def test_a_disk_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StorageError, match="expected to ask for the room"):
        require_room(tmp_path / "gone", 1)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(256)))
    (tmp_path / "b").write_bytes(b"")
    return tmp_path, digests_of(tmp_path, ["a", "b"])


def test_whole_files_pass(files):
    folder, digests = files
    check_files(folder, ["a", "b"], digests)


def test_one_flipped_bit_is_noticed(files):
    folder, digests = files
    data = bytearray((folder / "a").read_bytes())
    data[100] ^= 1
    (folder / "a").write_bytes(bytes(data))
    with pytest.raises(StorageError, match="checksum mismatch: a of case"):
        check_files(folder, ["a", "b"], digests)


def test_a_link_in_place_of_a_file_is_refused(files):
    folder, digests = files
    (folder / "a").rename(folder / "c")
    (folder / "a").symlink_to(folder / "c")
    with pytest.raises(StorageError, match="expected the file a in case"):
        check_files(folder, ["a"], digests)


@pytest.mark.parametrize("digests", [[], None, {}, {"a": None}, {"a": 7}, {"a": "0123"}, {"a": ["0" * 64]}])
def test_what_is_no_digest_is_refused(tmp_path, digests):
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(StorageError, match="expected (digests by file name|the SHA-256 of a)"):
        check_files(tmp_path, ["a"], digests)
