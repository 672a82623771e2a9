"""Files and folders that are written whole or not at all: they are written beside their place, then moved there.

What is written has a name of its own, so that two writers of one target never share it, and is held by a lock of the
operating system, so that what a dead writer left is told from what a live one writes. Before it is moved it is on the
disk, not only on its way there.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError, StorageError
from fluoropose.io.folder_lock import try_lock
from fluoropose.io.reader_faults import translate_faults

__all__ = [
    "PART_SUFFIX",
    "is_part",
    "new_folder",
    "part_of",
    "read_json",
    "sha256_of",
    "storage_errors",
    "sweep_parts",
    "sync_entry",
    "sync_folder",
    "write_file",
    "write_json",
    "write_text",
]

PART_SUFFIX = ".part"
"""The suffix of files and folders that are not finished; nothing lists or reads them."""


@contextmanager
def new_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill. It becomes `target` when the block ends, and is deleted if the block raises.

    What dead writers of the same target left is deleted first.

    Raises
    ------
    StorageError
        If the disk refuses (full, read-only).
    InputError
        If `target` exists and `replace` is false.
    """
    if target.exists() and not replace:
        raise InputError(f"expected a new folder, got {target}, which exists; remove it first")
    part, held = part_of(target), None
    with storage_errors(f"to write {target.name}"):
        try:
            sweep_parts(target.parent, target.name)
            part.mkdir(parents=True)
            held = try_lock(part)
            yield part
            sync_folder(part)
            if replace:
                _remove_whole(target)
            os.rename(part, target)
            sync_entry(target.parent)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        finally:
            if held is not None:
                held.release()


def is_part(path: Path) -> bool:
    """Return whether a file or folder is not finished."""
    return path.name.endswith(PART_SUFFIX)


def sweep_parts(root: Path, name: str | None = None) -> list[str]:
    """Delete what dead writers left unfinished in a folder, of all targets or of one; return the names."""
    swept = []
    for path in sorted(root.glob(f"*{PART_SUFFIX}")) if root.is_dir() else ():
        if name is not None and path.name != name + PART_SUFFIX and _target_name(path) != name:
            continue
        held = try_lock(path)
        if held is None:
            continue
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            swept.append(path.name)
        held.release()
    return swept


def write_file(path: Path, fill: Callable[[Path], Any]) -> None:
    """Call `fill` with a temporary path, then move that file to `path`; raise StorageError if the disk refuses."""
    part = part_of(path)
    with storage_errors(f"to write {path}"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fill(part)
            _sync_file(part)
            os.replace(part, path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all."""
    write_file(path, lambda part: part.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8"))


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all."""
    write_file(path, lambda part: part.write_text(text, encoding="utf-8"))


@contextmanager
def storage_errors(purpose: str) -> Iterator[None]:
    """Raise StorageError for what the disk refuses in the block: "expected `purpose`, got: ..."."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"expected {purpose}, got: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Return when the files in a folder, and the folder's list of them, are on the disk."""
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink() and not is_part(path):
            _sync_file(path)
    sync_entry(folder)


def sync_entry(folder: Path) -> None:
    """Return when a folder's list of its files is on the disk; where folders cannot be synchronised, at once."""
    if os.name != "nt":
        _sync_file(folder)


def read_json(path: Path, what: str) -> Any:
    """Return the JSON value in a file; `what` says in error messages what the file should hold.

    Raises
    ------
    InputError
        If the file is missing or is not JSON.
    """
    if not path.exists():
        raise InputError(f"expected {what} in {path}, got no such file")
    with translate_faults(InputError, f"{what} as JSON in {path}"):
        return json.loads(path.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def part_of(target: Path) -> Path:
    """Return a path beside a target that no other writer has."""
    return target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART_SUFFIX}")


def _target_name(part: Path) -> str:
    """Return the name of the target of a part."""
    return part.name.removesuffix(PART_SUFFIX).rpartition(".")[0]


def _remove_whole(target: Path) -> None:
    """Take a folder away in one step, then delete it."""
    if target.exists():
        gone = part_of(target)
        target.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
