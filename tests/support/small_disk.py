"""A file system of a few megabytes, to be filled."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

__all__ = ["fill", "small_disk"]


@contextmanager
def small_disk(folder, size_bytes):
    """Mount a file system of a size on a folder; skip the test where that is not allowed."""
    if not sys.platform.startswith("linux"):
        pytest.skip("a small file system is made on Linux only")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder], capture_output=True)
    if made.returncode != 0:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(disk, left_bytes):
    """Fill a disk until so many bytes are left."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    with filler.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - left_bytes)))
