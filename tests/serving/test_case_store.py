"""The stored cases: at every moment a start can tell what is finished, and what is left over is swept."""

import hashlib
import json
import os
import shutil

import pytest

from fluoropose.errors import ConflictError, StorageError
from fluoropose.io.audit import Actor, broken_entry
from fluoropose.serving.case_store import INTERRUPTED, PRIVATE_FOLDER, CaseStore, ReadOnlyError
from support.moments import run_until

CONSOLE = Actor("console-1", "10.0.0.7")


class Killed(BaseException):
    """What ends a process between two steps, for a store: nothing after it is run."""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cases"


def opened(root):
    store = CaseStore.open(root)
    assert store.read_only == ""
    return store


def prepared(store, name="hip", text="a"):
    """Return a job whose case is written and waits to be published."""
    job = store.begin(name, CONSOLE)
    job.case_folder.mkdir()
    (job.case_folder / "case.json").write_text(json.dumps({"text": text}))
    return job


def left(root):
    """Return what there is beside the register: names of cases, and what lies in the staging."""
    staging = root / PRIVATE_FOLDER / "staging"
    cases = sorted(path.name for path in root.iterdir() if path.name != PRIVATE_FOLDER)
    return cases, sorted(staging.iterdir()) if staging.is_dir() else []


def dead(store):
    """Let a store go as a killed process does: the lock is free, nothing else is tidied."""
    store._lock.release()
    store.register.close()


def rows(store):
    return {row.name: (row.state, row.detail, row.owner) for row in store.reconcile()}


def test_a_published_case_is_there_after_a_crash_with_its_owner(root):
    store = opened(root)
    store.publish(prepared(store), "274 mm")
    dead(store)
    again = opened(root)
    assert rows(again) == {"hip": ("ready", "274 mm", "console-1")}
    assert left(root) == (["hip"], [])
    (job,) = again.register.jobs()
    assert (job.case_name, job.state, job.address) == ("hip", "ready", "10.0.0.7")
    assert [entry.action for entry in again.register.audit()] == ["upload", "ready", "start"]
    assert broken_entry(again.register.audit()) is None
    again.close()


def test_a_case_that_was_not_published_is_swept_and_said(root):
    store = opened(root)
    prepared(store)
    (store.new_folder("upload") / "volume.nii.gz").write_bytes(b"torn")
    (root / "knee.0123abcd.part").mkdir()
    dead(store)
    again = opened(root)
    assert rows(again) == {"hip": ("failed", INTERRUPTED, "console-1")}
    assert left(root) == ([], [])
    sweep = next(entry for entry in again.register.audit() if entry.action == "sweep")
    assert sweep.outcome == "3 left over"
    again.publish(prepared(again, text="b"), "")
    assert rows(again)["hip"][0] == "ready"
    again.close()


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_crash_beside_the_rename_is_decided_by_the_rename(root, step, monkeypatch):
    store = opened(root)
    job = prepared(store)
    rename = os.rename

    def torn(source, target):
        if step == "after":
            rename(source, target)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("os.rename", torn)
        store.publish(job, "274 mm")
    dead(store)
    again = opened(root)
    assert rows(again)["hip"][0] == ("ready" if step == "after" else "failed")
    assert left(root) == (["hip"] if step == "after" else [], [])
    again.close()


def test_a_deletion_that_was_cut_short_is_finished(root, monkeypatch):
    for cut in ("before", "within"):
        store = opened(root)
        store.publish(prepared(store, cut), "")

        def torn(folder, *args, cut=cut, **kwargs):
            if cut == "within":
                (folder / "case.json").unlink()
            raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(shutil if cut == "within" else type(root), "rmtree" if cut == "within" else "rename", torn)
            store.remove(cut, CONSOLE)
        dead(store)
        again = opened(root)
        assert rows(again) == {}
        assert left(root) == ([], [])
        again.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a copy of the process is needed")
@pytest.mark.parametrize("action", ["make", "replace-failed", "delete", "restart"])
def test_at_whatever_moment_the_process_is_killed_a_start_finds_all_or_nothing(tmp_path, action):
    """Not at some moments but at all: before every file that is opened, made, renamed or removed."""
    for number in range(1, 400):
        root = tmp_path / str(number)
        finished = run_until(number, lambda root=root: work_on_cases(root, action))
        again = opened(root)
        known = {row.name: row for row in again.reconcile()}
        listed, staged = left(root)
        assert staged == []
        ready = sorted(name for name, row in known.items() if row.state == "ready")
        assert ready == listed, (number, known)
        for name in ready:
            assert json.loads((root / name / "case.json").read_text()) == {"text": name}, number
        assert all(row.state in ("ready", "failed") for row in known.values()), (number, known)
        if (tmp_path / f"{number}.kept").exists():
            assert "kept" in ready, (number, known)
        assert broken_entry(again.register.audit()) is None
        again.close()
        shutil.rmtree(root)
        if finished:
            break
    assert finished and number >= 15, number


def work_on_cases(root, action):
    """Make cases and work on them; a file beside the folder says that the case `kept` was finished."""
    store = CaseStore.open(root)
    store.reconcile()
    store.publish(prepared(store, "kept", "kept"), "")
    root.with_name(f"{root.name}.kept").touch()
    if action == "restart":
        store.close()
        store = CaseStore.open(root)
        store.reconcile()
    elif action == "delete":
        store.publish(prepared(store, "gone", "gone"), "")
        store.remove("gone", CONSOLE)
    elif action == "replace-failed":
        store.discard(prepared(store, "other", "torn"), "failed", "a reason", "invalid-volume")
        store.publish(prepared(store, "other", "other"), "")
    store.close()


def test_a_case_that_was_given_up_is_forgotten_and_a_failed_one_is_not(root):
    store = opened(root)
    store.discard(prepared(store, "a"), "cancelled", "cancelled", "cancelled")
    store.discard(prepared(store, "b"), "failed", "expected a CT, got a photo of NN", "invalid-volume")
    store.discard(prepared(store, "c"), "interrupted", INTERRUPTED, "interrupted")
    assert left(root) == ([], [])
    store.close()
    again = opened(root)
    assert {name: row[:2] for name, row in rows(again).items()} == {
        "b": ("failed", "expected a CT, got a photo of NN"), "c": ("failed", INTERRUPTED),
    }  # fmt: skip
    assert not any("photo" in str(entry) for entry in again.register.audit())
    again.close()


def test_what_others_put_into_the_folder_or_took_from_it_is_found(root):
    store = opened(root)
    for name in ("changed", "gone"):
        store.publish(prepared(store, name), "")
    store.close()
    (root / "changed" / "case.json").write_text("[]")
    shutil.rmtree(root / "gone")
    (root / "new").mkdir()
    (root / "new" / "case.json").write_text("null")
    (root / "no-case").mkdir()
    again = opened(root)
    assert {name: row[0] for name, row in rows(again).items()} == {"changed": "ready", "gone": "failed", "new": "ready"}
    actions = [(entry.action, entry.what) for entry in again.register.audit() if entry.action != "start"]
    assert actions[-3:] == [("changed", "changed"), ("missing", "gone"), ("found", "new")]
    again.remove("gone", CONSOLE)
    assert "gone" not in rows(again)
    again.close()


def test_a_second_writer_is_refused_and_a_reader_is_not(root):
    store = opened(root)
    store.publish(prepared(store), "")
    with pytest.raises(ConflictError, match="expected to be the only server that writes"):
        CaseStore.open(root)
    reader = CaseStore.open(root, read_only=True)
    assert {row.name: row.state for row in reader.reconcile()} == {"hip": "ready"}
    for work in (lambda: reader.begin("x", CONSOLE), lambda: reader.remove("hip", CONSOLE)):
        with pytest.raises(ReadOnlyError, match="started with --read-only"):
            work()
    reader.close()
    store.close()
    opened(root).close()


def test_a_folder_that_cannot_be_written_is_served_and_says_why(tmp_path):
    (tmp_path / "file").write_text("no folder")
    store = CaseStore.open(tmp_path / "file" / "cases")
    with pytest.raises(ReadOnlyError, match="its folder of cases cannot be written"):
        store.require_writable()
    store.close()


def test_nothing_takes_the_place_of_a_case(root):
    store = opened(root)
    store.publish(prepared(store, text="first"), "")
    with pytest.raises(ConflictError, match="which exists"):
        store.publish(prepared(store, text="second"), "")
    assert json.loads((root / "hip" / "case.json").read_text()) == {"text": "first"}
    store.close()


def test_a_full_register_does_not_keep_a_case_from_being_deleted(root, monkeypatch):
    """The disk is freed first; the register hears of it when it can."""
    store = opened(root)
    store.publish(prepared(store), "")
    put, refused = store.register.put_case, []

    def full(row):
        if not refused:
            refused.append(row)
            raise StorageError("expected to use the register, got: database or disk is full")
        put(row)

    monkeypatch.setattr(store.register, "put_case", full)
    store.remove("hip", CONSOLE)
    assert refused and left(root) == ([], [])
    assert rows(store) == {}
    store.close()


def test_a_damaged_register_is_replaced_and_the_cases_stay(root):
    store = opened(root)
    store.publish(prepared(store), "")
    store.close()
    (root / PRIVATE_FOLDER / "register.sqlite").write_bytes(b"damaged" * 1000)
    again = opened(root)
    assert rows(again) == {"hip": ("ready", "", "")}
    assert [entry.action for entry in again.register.audit()] == ["replace-register", "start", "found"]
    again.close()


def test_a_store_in_memory_leaves_nothing_of_its_own(root):
    root.mkdir()
    store = CaseStore(root)
    store.publish(prepared(store), "")
    store.discard(prepared(store, "other"), "failed", "", "internal")
    assert [path.name for path in root.iterdir()] == ["hip"]
    store.close()


def test_the_models_that_are_used_are_written_down(root):
    store = opened(root)
    (root / "alone").mkdir()
    (root / "alone" / "manifest.json").write_text("{}")
    store.use_model(root / "alone")
    ((name, digest),) = store.register.models()
    assert (name, len(digest)) == ("alone", 64)
    store.close()


class Remote:
    """An object store in memory, which a test lets fail."""

    def __init__(self):
        self.kept, self.down = {}, False

    def digests(self):
        self.require_up()
        return {name: hashlib.sha256(text).hexdigest() for name, text in self.kept.items()}

    def push(self, folder):
        self.require_up()
        self.kept[folder.name] = (folder / "case.json").read_bytes()

    def pull(self, name, folder, *, records_only=False):
        self.require_up()
        folder.mkdir()
        (folder / "case.json").write_bytes(self.kept[name])
        if not records_only:
            (folder / "atlas.npy").write_bytes(b"views")

    def remove(self, name):
        self.require_up()
        self.kept.pop(name, None)

    def require_up(self):
        if self.down:
            raise StorageError("expected an object store, got none")


def test_a_folder_is_the_cache_of_an_object_store(root, tmp_path):
    remote = Remote()
    store = CaseStore.open(root, remote=remote)
    store.reconcile()
    store.publish(prepared(store), "")
    assert list(remote.kept) == ["hip"]
    store.close()
    other = CaseStore.open(tmp_path / "other", read_only=True, remote=remote)
    assert {row.name: row.state for row in other.reconcile()} == {"hip": "ready"}
    with pytest.raises(ReadOnlyError):
        other.remove("hip", CONSOLE)
    other.close()
    again = CaseStore.open(root, remote=remote)
    again.reconcile()
    again.remove("hip", CONSOLE)
    assert remote.kept == {} and left(root) == ([], [])
    again.close()


def test_the_writer_of_a_fleet_copies_records_alone(root):
    remote = Remote()
    remote.kept["hip"] = b'{"text": "a"}'
    store = CaseStore.open(root, remote=remote, records_only=True)
    assert {row.name: row.state for row in store.reconcile()} == {"hip": "ready"}
    assert [path.name for path in (root / "hip").iterdir()] == ["case.json"]
    assert store.names() == [], "none of them can be loaded here"
    store.publish(prepared(store, "knee"), "")
    store.remove("hip", CONSOLE)
    assert list(remote.kept) == ["knee"] and left(root)[0] == ["knee"]
    store.close()


def test_what_left_the_object_store_or_changed_there_leaves_the_cache(root):
    remote = Remote()
    store = CaseStore.open(root, remote=remote)
    for name in ("gone", "changed", "same"):
        store.publish(prepared(store, name), "")
    store.close()
    del remote.kept["gone"]
    remote.kept["changed"] = b'{"text": "b"}'
    again = CaseStore.open(root, remote=remote)
    assert {name: row[0] for name, row in rows(again).items()} == {
        "gone": "failed",
        "changed": "ready",
        "same": "ready",
    }
    assert json.loads((root / "changed" / "case.json").read_text()) == {"text": "b"}
    again.close()


def test_an_object_store_that_is_down_fails_uploads_and_deletions_and_serves_the_cache(root):
    remote = Remote()
    store = CaseStore.open(root, remote=remote)
    store.publish(prepared(store), "")
    remote.down = True
    job = prepared(store, "new")
    with pytest.raises(StorageError, match="got none"):
        store.publish(job, "")
    store.discard(job, "failed", "a reason", "storage-failed")
    with pytest.raises(StorageError, match="got none"):
        store.remove("hip", CONSOLE)
    store.close()
    again = CaseStore.open(root, remote=remote)
    assert left(root)[0] == ["hip"]
    assert rows(again)["new"][0] == "failed"
    remote.down = False
    assert "hip" not in rows(again)
    assert remote.kept == {}
    again.close()
