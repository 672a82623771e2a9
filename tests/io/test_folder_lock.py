"""Locks: one holder, whoever dies lets go, and the message says who it is."""

import os
import subprocess
import sys

import pytest

from fluoropose.errors import ConflictError, StorageError
from fluoropose.io.folder_lock import lock_writer, try_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")

HOLD = """
import sys, time
from pathlib import Path
from fluoropose.io.folder_lock import lock_writer
lock_writer(Path(sys.argv[1]), Path(sys.argv[1]).parent)
print("held", flush=True)
time.sleep(60)
"""


def test_one_holder_at_a_time(tmp_path):
    held = try_lock(tmp_path)
    assert held is not None
    assert try_lock(tmp_path) is None
    held.release()
    again = try_lock(tmp_path)
    assert again is not None
    again.release()


def test_nothing_is_locked_where_nothing_is_or_through_a_link(tmp_path):
    assert try_lock(tmp_path / "gone") is None
    (tmp_path / "link").symlink_to(tmp_path)
    assert try_lock(tmp_path / "link") is None


def test_another_process_is_named_and_lets_go_when_it_is_killed(tmp_path):
    lock = tmp_path / "lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(ConflictError, match=rf"got another one \(process {process.pid}\).*--read-only"):
            lock_writer(lock, tmp_path)
    finally:
        process.kill()
        process.communicate()
    held = lock_writer(lock, tmp_path)
    assert lock.read_text() == f"{os.getpid()}\n"
    held.release()


def test_a_holder_that_wrote_no_number_is_not_named(tmp_path):
    lock = tmp_path / "lock"
    held = lock_writer(lock, tmp_path)
    lock.write_text("what\n")
    with pytest.raises(ConflictError, match="got another one: stop it"):
        lock_writer(lock, tmp_path)
    held.release()


def test_where_nothing_can_be_written_nothing_is_locked(tmp_path):
    with pytest.raises(StorageError, match="expected to write"):
        lock_writer(tmp_path / "nowhere" / "lock", tmp_path)
