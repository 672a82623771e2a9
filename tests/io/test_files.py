"""Files and folders are written whole or not at all; errors say what was expected."""

import errno

import pytest

from fluoropose.errors import InputError, StorageError
from fluoropose.io.files import (
    PART_SUFFIX,
    new_folder,
    read_json,
    sha256_of,
    sweep_parts,
    write_file,
    write_json,
    write_text,
)


def test_a_folder_appears_when_the_block_has_ended(tmp_path):
    target = tmp_path / "deep" / "case"
    with new_folder(target) as part:
        (part / "a.txt").write_text("a")
        assert not target.exists()
    assert (target / "a.txt").read_text() == "a"
    assert [path.name for path in target.parent.iterdir()] == ["case"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "No space left on device"), StorageError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_block_that_fails_leaves_what_was_there(tmp_path, error, raised):
    target = tmp_path / "case"
    target.mkdir()
    (target / "old.txt").write_text("old")
    with pytest.raises(raised), new_folder(target, replace=True) as part:
        (part / "new.txt").write_text("new")
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["case"]
    assert (target / "old.txt").read_text() == "old"


def test_an_existing_folder_is_replaced_only_when_asked(tmp_path):
    target = tmp_path / "case"
    target.mkdir()
    (target / "old.txt").write_text("old")
    with pytest.raises(InputError, match="which exists; remove it first"), new_folder(target):
        raise AssertionError("expected no block to be entered")
    with new_folder(target, replace=True) as part:
        (part / "new.txt").write_text("new")
    assert [path.name for path in target.iterdir()] == ["new.txt"]


def test_what_an_interrupted_write_left_is_cleared_away(tmp_path):
    (tmp_path / f"case{PART_SUFFIX}").mkdir()
    (tmp_path / f"case{PART_SUFFIX}" / "torn.txt").write_text("torn")
    with new_folder(tmp_path / "case"):
        pass
    assert list((tmp_path / "case").iterdir()) == []


def test_what_a_live_writer_writes_is_not_swept(tmp_path):
    with new_folder(tmp_path / "case") as part:
        (part / "a.txt").write_text("a")
        (tmp_path / "case.dead.part").mkdir()
        (tmp_path / "other.part").write_text("torn")
        assert sweep_parts(tmp_path, "case") == ["case.dead.part"]
        assert sweep_parts(tmp_path) == ["other.part"]
    assert (tmp_path / "case" / "a.txt").read_text() == "a"


def test_two_writers_of_one_folder_never_share_it(tmp_path):
    with new_folder(tmp_path / "case", replace=True) as first:
        with new_folder(tmp_path / "case", replace=True) as second:
            assert first != second
            (second / "a.txt").write_text("second")
        (first / "b.txt").write_text("first")
    assert [path.name for path in (tmp_path / "case").iterdir()] == ["b.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fill(part):
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="got: No space left on device"):
        write_file(path, fill)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]


def test_json_comes_back(tmp_path):
    path = tmp_path / "new" / "value.json"
    write_json(path, {"é": [1, 2.5, None]})
    assert read_json(path, "a value") == {"é": [1, 2.5, None]}
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "expected a value in .* got no such file"), (b"{", "as JSON"), (b"\xff", "as JSON")],
    ids=["missing", "torn", "not text"],
)
def test_what_is_no_json_is_refused(tmp_path, content, words):
    path = tmp_path / "value.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_json(path, "a value")


def test_a_digest_is_that_of_the_standard(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_text_is_written_whole(tmp_path):
    write_text(tmp_path / "a.txt", "é\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()
    with pytest.raises(StorageError, match="expected to write"):
        write_text(tmp_path / "a.txt" / "b.txt", "x")
