"""Files and folders that are written whole or not at all: they are written beside their place, then moved there."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError, StorageError
from fluoropose.io.reader_faults import translate_faults

__all__ = ["PART_SUFFIX", "new_folder", "read_json", "sha256_of", "write_file", "write_json"]

PART_SUFFIX = ".part"
"""The suffix of files and folders that are not finished; nothing lists or reads them."""


@contextmanager
def new_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill. It becomes `target` when the block ends, and is deleted if the block raises.

    Raises
    ------
    StorageError
        If the disk refuses (full, read-only).
    InputError
        If `target` exists and `replace` is false.
    """
    if target.exists() and not replace:
        raise InputError(f"expected a new folder, got {target}, which exists; remove it first")
    part = target.with_name(target.name + PART_SUFFIX)
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        if replace:
            shutil.rmtree(target, ignore_errors=True)
        os.replace(part, target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise StorageError(f"expected to write {target.name}, got: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def write_file(path: Path, fill: Callable[[Path], Any]) -> None:
    """Call `fill` with a temporary path, then move that file to `path`; raise StorageError if the disk refuses."""
    part = path.with_name(path.name + PART_SUFFIX)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(part)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(f"expected to write {path}, got: {error.strerror or error}") from error


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all."""
    write_file(path, lambda part: part.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8"))


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
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
