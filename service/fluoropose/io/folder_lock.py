"""Locks of the operating system on files and folders: they end with the process that holds them, however it ends."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from fluoropose.errors import ConflictError, StorageError

if sys.platform != "win32":
    import fcntl

__all__ = ["FolderLock", "lock_writer", "try_lock"]


@dataclass(frozen=True, slots=True)
class FolderLock:
    """A lock that this process holds by an open file."""

    handle: int

    def release(self) -> None:
        """Let go of the lock."""
        os.close(self.handle)


def try_lock(path: Path) -> FolderLock | None:
    """Return a lock on a file or folder that is there, or None if somebody holds it or it has gone.

    Where the system has no such locks (Windows) nobody is taken to hold one.
    """
    if sys.platform == "win32":
        return FolderLock(os.open(os.devnull, os.O_RDONLY))
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return FolderLock(handle)


def lock_writer(path: Path, folder: Path) -> FolderLock:
    """Return the lock of the one process that may write a folder; it is on the file `path`, which holds the process id.

    Raises
    ------
    ConflictError
        If another process has it; the message names that process.
    StorageError
        If the file cannot be written.
    """
    try:
        path.touch()
    except OSError as error:
        raise StorageError(f"expected to write {path}, got: {error.strerror or error}") from error
    held = try_lock(path)
    if held is None:
        raise ConflictError(
            f"expected to be the only server that writes {folder}, got another one{_holder(path)}: stop it, serve "
            "another folder, or serve this one with --read-only"
        )
    try:
        path.write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError:
        # The lock holds without the number, which only helps people.
        pass
    return held


def _holder(path: Path) -> str:
    """Return in words which process wrote its id into a lock file."""
    try:
        number = path.read_text(encoding="ascii").strip()[:20]
    except (OSError, ValueError):
        return ""
    return f" (process {number})" if number.isdigit() else ""
