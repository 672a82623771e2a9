"""A worker's cases: looked for where they are kept, never listed, never written."""

import json

import pytest

from fluoropose.errors import StorageError
from fluoropose.io.remote_cases import RemoteCases
from fluoropose.serving.case_store import ReadOnlyError
from fluoropose.serving.on_demand_store import OnDemandStore


def put(root, name, text="a"):
    (root / name).mkdir(parents=True, exist_ok=True)
    (root / name / "case.json").write_text(json.dumps({"text": text}))


@pytest.fixture(params=["folder", "object store"])
def place(request, tmp_path):
    """Where cases are kept, and a store over it; fsspec's own folder stands for the object store."""
    kept = tmp_path / "kept"
    kept.mkdir()
    if request.param == "folder":
        return kept, OnDemandStore(kept)
    return kept, OnDemandStore(tmp_path / "cache", remote=RemoteCases(f"file://{kept}"))


def test_a_case_that_came_after_the_start_is_found(place):
    kept, store = place
    assert store.reconcile() == []
    assert not store.fetch("hip")
    put(kept, "hip")
    assert store.fetch("hip")
    assert json.loads((store.root / "hip" / "case.json").read_text()) == {"text": "a"}


def test_a_case_that_is_kept_in_another_state_has_changed_and_is_fetched_anew(place):
    kept, store = place
    put(kept, "hip")
    store.fetch("hip")
    assert store.has_changed("hip") is False
    put(kept, "hip", "b")
    assert store.has_changed("hip") is True
    assert store.fetch("hip")
    assert json.loads((store.root / "hip" / "case.json").read_text()) == {"text": "b"}


def test_a_case_that_was_deleted_is_kept_no_more(place):
    kept, store = place
    put(kept, "hip")
    store.fetch("hip")
    (kept / "hip" / "case.json").unlink()
    assert store.has_changed("hip") is None
    assert not store.fetch("hip")


def test_storage_that_has_gone_says_nothing_of_its_cases(place):
    kept, store = place
    kept.rmdir()
    with pytest.raises(StorageError):
        store.has_changed("hip")
    with pytest.raises(StorageError):
        store.fetch("hip")


def test_a_worker_writes_no_cases(place):
    with pytest.raises(ReadOnlyError, match="written by its writer"):
        place[1].require_writable()


def test_two_workers_of_a_machine_share_the_cache(tmp_path):
    kept = tmp_path / "kept"
    put(kept, "hip")
    stores = [OnDemandStore(tmp_path / "cache", remote=RemoteCases(f"file://{kept}")) for _ in range(2)]
    assert all(store.fetch("hip") for store in stores)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["hip"]
