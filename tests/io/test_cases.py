"""Cases on disk: they come back, failures leave none, damaged ones are refused."""

import errno
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import InputError, StorageError, UnknownCaseError
from fluoropose.imaging.understanding import Understanding
from fluoropose.io import cases as cases_module
from fluoropose.io.cases import (
    PICTURE_NAME,
    check_name,
    list_cases,
    load_case,
    read_understanding,
    remove_case,
    store_case,
)
from support.cases import SMALL_CHOICE, small_volume
from support.small_disk import fill, small_disk


@pytest.fixture
def copy(tmp_path, cases_root):
    shutil.copytree(cases_root / "small", tmp_path / "small")
    return tmp_path / "small"


def test_a_case_comes_back_as_it_was(cases_root, small_case):
    again = load_case(cases_root / "small")
    assert again.digest == small_case.digest
    np.testing.assert_array_equal(again.volume.values, small_case.volume.values)
    np.testing.assert_array_equal(again.corners_mm, small_case.corners_mm)
    assert again.rest is None


def test_a_case_has_a_picture_and_loads_without_it_and_without_words(copy):
    with Image.open(copy / PICTURE_NAME) as picture:
        assert picture.size == (960, 320)
    (copy / PICTURE_NAME).unlink()
    assert load_case(copy).name == "small"
    assert read_understanding(copy) is None


def test_what_was_understood_comes_back_in_words(tmp_path):
    known = Understanding(50.0, (30.0, 30.0, 26.0), 2.25, (0.7, 0.7, 2.5), 1, 1.0, 0, False)
    details = {"understanding": known.record()}
    store_case(tmp_path / "known", "t", small_volume(3.0), SMALL_CHOICE, details=details)
    assert read_understanding(tmp_path / "known") == known.text()
    assert load_case(tmp_path / "known").name == "known"


def test_words_of_no_case_or_of_another_kind_are_refused(copy, tmp_path):
    with pytest.raises(UnknownCaseError, match="no case.json"):
        read_understanding(tmp_path / "nowhere")
    record = json.loads((copy / "case.json").read_text())
    (copy / "case.json").write_text(json.dumps(record | {"understanding": {"size_mm": 3}}))
    with pytest.raises(StorageError, match="prepare it again"):
        read_understanding(copy)


def test_the_rest_of_the_ct_is_kept(tmp_path):
    case = store_case(tmp_path / "two", "t", small_volume(3.0), SMALL_CHOICE, rest=small_volume(4.0))
    assert case.rest is not None
    np.testing.assert_allclose(case.rest.values, small_volume(4.0).values, atol=1e-3)
    assert case.atlas.surroundings.shape == case.atlas.views.shape
    assert load_case(tmp_path / "two").digest == case.digest


def test_a_case_whose_atlas_lacks_the_surroundings_is_to_be_prepared_again(tmp_path):
    case = store_case(tmp_path / "two", "t", small_volume(3.0), SMALL_CHOICE, rest=small_volume(4.0))
    np.save(tmp_path / "two" / "atlas.npy", np.array(case.atlas.views))
    without_digests(tmp_path / "two")
    with pytest.raises(StorageError, match="prepare the case again"):
        load_case(tmp_path / "two")


def test_a_full_disk_leaves_no_half_case(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cases_module, "write_json", full)
    with pytest.raises(StorageError, match="No space left"):
        store_case(tmp_path / "x", "t", small_volume(3.0), SMALL_CHOICE)
    assert list_cases(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_killed_preparation_is_not_listed(tmp_path, cases_root):
    # What a process killed in the middle leaves: the unfinished folder under its unfinished name.
    shutil.copytree(cases_root / "small", tmp_path / "x.part")
    assert list_cases(tmp_path) == []
    store_case(tmp_path / "x", "t", small_volume(3.0), SMALL_CHOICE)
    assert list_cases(tmp_path) == ["x"]
    assert not (tmp_path / "x.part").exists()


def test_an_interrupted_preparation_leaves_the_old_case(copy):
    def interrupt(done, total):
        if done == 5:
            raise KeyboardInterrupt

    before = load_case(copy).digest
    with pytest.raises(KeyboardInterrupt):
        store_case(copy, "other", small_volume(3.0), SMALL_CHOICE, replace=True, progress=interrupt)
    assert load_case(copy).digest == before


def test_a_case_is_not_replaced_by_accident(copy):
    with pytest.raises(InputError, match="which exists"):
        store_case(copy, "other", small_volume(3.0), SMALL_CHOICE)


def without_digests(folder):
    """Make a case what earlier versions wrote."""
    record = json.loads((folder / "case.json").read_text())
    del record["sha256"], record["record_sha256"]
    (folder / "case.json").write_text(json.dumps(record))


def truncate(folder):
    data = (folder / "atlas.npy").read_bytes()
    (folder / "atlas.npy").write_bytes(data[: len(data) // 2])


def other_schema(folder):
    record = json.loads((folder / "case.json").read_text())
    (folder / "case.json").write_text(json.dumps(record | {"schema": 99}))


def without_key(folder):
    record = json.loads((folder / "case.json").read_text())
    del record["canonical"]
    (folder / "case.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "damage",
    [truncate, other_schema, without_key, lambda folder: (folder / "attenuation.npy").unlink()],
    ids=["truncated", "schema", "key", "missing"],
)
def test_a_damaged_case_is_refused(copy, damage):
    damage(copy)
    with pytest.raises(StorageError, match="prepare it again|prepare the case again"):
        load_case(copy)


@pytest.mark.parametrize("name", ["attenuation.npy", "atlas.npy", "rest.npy"])
def test_one_flipped_bit_of_an_array_is_noticed(tmp_path, name):
    store_case(tmp_path / "two", "t", small_volume(3.0), SMALL_CHOICE, rest=small_volume(4.0))
    data = bytearray((tmp_path / "two" / name).read_bytes())
    data[-100] ^= 1
    (tmp_path / "two" / name).write_bytes(bytes(data))
    with pytest.raises(StorageError, match=f"checksum mismatch: {name} of case two"):
        load_case(tmp_path / "two")


def test_one_changed_digit_of_the_record_is_noticed(copy):
    text = (copy / "case.json").read_text()
    (copy / "case.json").write_text(text.replace('"range_mm": 900.0', '"range_mm": 901.0'))
    with pytest.raises(StorageError, match="checksum mismatch: case.json of case small"):
        load_case(copy)


@pytest.mark.parametrize(
    "text",
    ["[]", "null", "7", '"case"', "{}", '{"schema": []}', '{"schema": 1}', "[" * 100_000, "\xff", "",
     '{"schema": 1, "rest_lps_from_index": null, "sha256": [1]}', '{"schema": 1, "lps_from_index": {}}'],
)  # fmt: skip
def test_whatever_a_record_holds_is_a_refusal_of_that_case(copy, text):
    (copy / "case.json").write_text(text, encoding="latin-1")
    with pytest.raises(StorageError, match="prepare it again"):
        load_case(copy)


def test_a_case_of_an_earlier_version_has_no_digests_and_is_read(copy):
    without_digests(copy)
    assert load_case(copy).name == "small"


def test_a_case_for_which_the_disk_has_no_room_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, 5 * 2**20))
    rendered = []
    with pytest.raises(StorageError, match="expected room for"):
        store_case(
            tmp_path / "x", "t", small_volume(3.0), SMALL_CHOICE, progress=lambda done, total: rendered.append(done)
        )
    assert rendered == []
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_at_whatever_write_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    """The question for room is answered wrongly, as if others filled the disk meanwhile: then each write finds out."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, 2**40))
    with small_disk(tmp_path, 8 * 2**20):
        ended = []
        for left_kib in (0, 4, 16, 32, 64, 256, 1024, 1700, 1750, 1800, 4096):
            monkeypatch.undo()
            fill(tmp_path, left_kib * 2**10)
            monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, 2**40))
            try:
                store_case(tmp_path / "x", "t", small_volume(3.0), SMALL_CHOICE)
                ended.append("stored")
                remove_case(tmp_path / "x")
            except StorageError as error:
                assert "No space left" in str(error)
                ended.append("refused")
            assert [path.name for path in tmp_path.iterdir()] == ["filler"]
    assert ended[:6] == ["refused"] * 6
    assert ended[-1] == "stored"


def test_no_case_is_an_unknown_case(tmp_path):
    with pytest.raises(UnknownCaseError, match="no case.json"):
        load_case(tmp_path)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a b"])
def test_names_cannot_leave_their_folder(name):
    with pytest.raises(InputError, match="a name must be"):
        check_name(name)


def test_a_removed_case_is_gone_and_so_is_what_a_torn_removal_left(copy):
    shutil.copytree(copy, copy.with_name("small.part"))
    shutil.copytree(copy, copy.with_name("small.0123abcd.part"))
    remove_case(copy)
    assert list(copy.parent.iterdir()) == []
    remove_case(copy)


def test_a_case_that_cannot_be_removed_says_why(copy, monkeypatch):
    def refuse(self, target):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(copy), "rename", refuse)
    with pytest.raises(StorageError, match="expected to delete small, got: Permission denied"):
        remove_case(copy)
    assert list_cases(copy.parent) == ["small"]


def test_where_there_is_no_folder_there_are_no_cases(tmp_path):
    assert list_cases(tmp_path / "nowhere") == []
