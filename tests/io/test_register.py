"""The register: what is written is there after a crash, a transaction is whole or not there, the audit only grows."""

import sqlite3
import threading

import pytest

from fluoropose.errors import StorageError
from fluoropose.io.audit import SERVICE, Actor, broken_entry
from fluoropose.io.register import CaseRow, Register, read_audit

CONSOLE = Actor("console-1", "10.0.0.7")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "register.sqlite"


def test_cases_jobs_and_models_come_back(path):
    register = Register(path)
    register.put_case(CaseRow("hip", "preparing", owner="console-1", job="j1"))
    register.begin_job("j1", "hip", CONSOLE)
    register.put_case(CaseRow("hip", "ready", "274 mm", "console-1", "ab", "j1"))
    register.end_job("j1", "ready")
    register.use_model("universal", "cd")
    register.use_model("universal", "cd")
    register.put_case(CaseRow("knee", "ready"))
    register.forget_case("knee")
    register.close()
    again = Register(path)
    (hip,) = again.cases()
    assert (hip.name, hip.state, hip.detail, hip.owner, hip.digest, hip.job) == (
        "hip", "ready", "274 mm", "console-1", "ab", "j1",
    )  # fmt: skip
    assert hip.changed_at.endswith("+00:00")
    (job,) = again.jobs()
    assert (job.id, job.case_name, job.state, job.who, job.address) == ("j1", "hip", "ready", "console-1", "10.0.0.7")
    assert job.submitted_at <= job.ended_at
    assert again.models() == [("universal", "cd")]
    again.close()


def test_a_change_that_fails_leaves_nothing_of_itself(path):
    register = Register(path)
    register.note(SERVICE, "start")
    with pytest.raises(KeyError), register.change():
        register.put_case(CaseRow("hip", "ready"))
        register.note(CONSOLE, "upload", "hip")
        raise KeyError
    assert register.cases() == []
    register.note(SERVICE, "stop")
    assert [entry.action for entry in register.audit()] == ["start", "stop"]
    assert broken_entry(register.audit()) is None
    register.close()


def test_the_audit_goes_on_where_it_was_and_is_read_while_it_is_written(path):
    for _ in range(2):
        register = Register(path)
        register.note(SERVICE, "start")
        seen = read_audit(path)
        register.close()
    assert [entry.number for entry in seen] == [1, 2]
    assert broken_entry(seen) is None


@pytest.mark.parametrize("order", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
def test_the_audit_is_only_appended_to(path, order):
    register = Register(path)
    register.note(CONSOLE, "delete", "hip")
    register.close()
    database = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="only appended to"):
        database.execute(order)
    database.close()


def test_entries_of_many_threads_make_one_chain():
    register = Register()
    threads = [
        threading.Thread(target=lambda: [register.note(CONSOLE, "upload", "hip") for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(register.audit()) == 200
    assert broken_entry(register.audit()) is None
    register.close()


@pytest.mark.parametrize("damage", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_register_is_kept_and_a_new_one_begun(path, damage):
    path.write_bytes(damage)
    register, kept = Register.open(path)
    assert register.cases() == []
    register.put_case(CaseRow("hip", "ready"))
    register.close()
    assert (path.parent / kept).read_bytes()[:100] == damage[:100]
    whole, nothing = Register.open(path)
    assert nothing == ""
    assert len(whole.cases()) == 1
    whole.close()


def test_a_register_of_a_newer_version_is_refused(path):
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(StorageError, match="schema 1 or older, got 9"):
        Register.open(path)


def test_where_there_is_no_register_there_is_no_audit(path):
    with pytest.raises(StorageError, match="got no such file"):
        read_audit(path)
    path.write_bytes(b"text")
    with pytest.raises(StorageError, match="register"):
        read_audit(path)


def test_a_closed_register_says_so():
    register = Register()
    register.close()
    with pytest.raises(StorageError, match="register"):
        register.cases()
