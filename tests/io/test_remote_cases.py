"""Cases in an object store: a real one of S3's kind on loopback, and one in memory for its faults."""

import shutil

import pytest

from fluoropose.errors import InputError, StorageError
from fluoropose.io.cases import load_case
from fluoropose.io.remote_cases import RemoteCases, cache_name, is_remote

pytest.importorskip("s3fs", reason="the extra s3 is not installed")


@pytest.fixture
def remote(object_store):
    return RemoteCases(object_store)


def test_a_case_goes_there_and_back_and_away(remote, cases_root, tmp_path, small_case):
    assert remote.digests() == {}
    remote.push(cases_root / "small")
    assert list(remote.digests()) == ["small"]
    remote.pull("small", tmp_path / "small")
    assert load_case(tmp_path / "small").digest == small_case.digest
    remote.pull("small", tmp_path / "record", records_only=True)
    assert [path.name for path in (tmp_path / "record").iterdir()] == ["case.json"]
    remote.remove("small")
    assert remote.digests() == {}
    remote.remove("small")


def test_what_has_no_record_or_no_name_is_no_case(remote, cases_root, tmp_path):
    shutil.copytree(cases_root / "small", tmp_path / "torn")
    (tmp_path / "torn" / "case.json").unlink()
    remote.push(tmp_path / "torn")
    shutil.copytree(cases_root / "small", tmp_path / "a name")
    remote.push(tmp_path / "a name")
    assert remote.digests() == {}


def test_a_store_that_refuses_is_an_error_of_ours(remote, tmp_path):
    with pytest.raises(StorageError, match="expected to read gone in the object store"):
        remote.pull("gone", tmp_path / "gone")
    nowhere = RemoteCases("s3://there-is-no-such-bucket/cases")
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "case.json").write_text("{}")
    with pytest.raises(StorageError, match="expected to write small in the object store"):
        nowhere.push(tmp_path / "small")


def test_an_address_of_no_known_kind_is_refused():
    with pytest.raises(InputError, match="expected an address of an object store"):
        RemoteCases("nothing://there")


def test_addresses_are_told_from_folders_and_have_a_cache_each():
    assert is_remote("s3://bucket/cases")
    assert not is_remote("/data/cases")
    assert cache_name("s3://bucket/cases") == cache_name("s3://bucket/cases/")
    assert cache_name("s3://bucket/cases") != cache_name("s3://bucket/other")
