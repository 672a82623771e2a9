"""Arrays on disk as .npy files whose room is taken before a byte is written, and the digests of a folder's files.

Nothing is written through a memory map: a full disk is then an error of a call, and not a signal that ends the process.
"""

import errno
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import StorageError
from fluoropose.io.files import sha256_of

__all__ = ["SPARE_BYTES", "check_files", "digests_of", "require_room", "reserve", "write_array"]

SPARE_BYTES = 4 * 2**20
"""What is left free beside what is about to be written: for the register, which must be able to say what happened."""

_NOT_OFFERED = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system says that cannot take room beforehand; writing then finds out."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


def require_room(folder: Path, wanted_bytes: int) -> None:
    """Raise StorageError if the disk of a folder has not so many bytes, and some to spare."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageError(f"expected to ask for the room in {folder.name}, got: {error.strerror or error}") from error
    if free < wanted_bytes + SPARE_BYTES:
        raise StorageError(
            f"expected room for {wanted_bytes / 2**20:,.1f} MiB on the disk of the cases and "
            f"{SPARE_BYTES >> 20} MiB to spare, got {free / 2**20:,.1f} MiB: delete some cases"
        )


def reserve(handle: int, length: int) -> None:
    """Take room for a file of `length` bytes, or raise OSError as the disk says. The file's size is then `length`."""
    if length <= 0:
        return
    if sys.platform != "linux":
        os.ftruncate(handle, length)
        return
    try:
        os.posix_fallocate(handle, 0, length)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as .npy into room that is taken first, or raise OSError as the disk says."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.flush()
        reserve(file.fileno(), file.tell() + array.nbytes)
        file.write(array.reshape(-1).view(np.uint8).data)


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of files in a folder by name."""
    return {name: sha256_of(folder / name) for name in names}


def check_files(folder: Path, names: Iterable[str], digests: object) -> None:
    """Check files against the digests that a case's record holds of them.

    Raises
    ------
    StorageError
        If a digest is missing or none, or a file is missing, a link, or differs from its own; the message names it.
    """
    if not isinstance(digests, Mapping):
        raise StorageError(
            f"expected digests by file name in case {folder.name}, got {type(digests).__name__}; prepare it again"
        )
    for name in names:
        known = digests.get(name)
        if not isinstance(known, str) or not _DIGEST.fullmatch(known):
            raise StorageError(f"expected the SHA-256 of {name} in case {folder.name}, got none; prepare it again")
        if (folder / name).is_symlink() or not (folder / name).is_file():
            raise StorageError(f"expected the file {name} in case {folder.name}, got none; prepare it again")
        if sha256_of(folder / name) != known:
            raise StorageError(f"checksum mismatch: {name} of case {folder.name} is damaged; prepare it again")
