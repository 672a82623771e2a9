"""What an uploaded volume may be before a reader of another library sees it: whole in itself, and of bounded growth.

The claims of its header are read here, a few kilobytes of it. A file that names other files is refused: they would be
those of the server. What is compressed may not grow beyond what its header claims.
"""

import bz2
import gzip
import math
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fluoropose.errors import VolumeError
from fluoropose.io.reader_faults import translate_faults

__all__ = ["MAX_ENTRIES", "MAX_UNZIPPED_BYTES", "MAX_VOXELS", "check_upload"]

MAX_VOXELS = 512 * 2**20
"""A CT of 1024 x 1024 x 512; as numbers of four bytes 2 GiB."""

MAX_ENTRIES = 10_000
"""Entries of a zip: a slice each."""

MAX_UNZIPPED_BYTES = 4 * 2**30

_FREE_BYTES, _MOST_RATIO = 256 * 2**20, 200
"""Beyond the first a zip may not claim to grow by more than the second; slices of a CT shrink to a third."""

_HEAD_BYTES = 64 * 2**10
"""A header of text ends within these."""

_ZIP_END, _ZIP64_PLACE, _ZIP_ENTRY = b"PK\5\6", b"PK\6\7", b"PK\1\2"
_BLOCK_BYTES = 2**20
_SLACK_BYTES = 2**20
"""What may follow the voxels, such as the end of a file that a writer filled up."""

_NRRD_BYTES = {"8": 1, "16": 2, "32": 4, "64": 8, "char": 1, "short": 2, "int": 4, "long": 8, "float": 4, "double": 8}
"""Bytes of the words in NRRD's names of types, the last one that a name holds counts ("unsigned long long int": 8)."""


def check_upload(path: Path) -> None:
    """Refuse a file that names other files or would grow beyond bounds.

    Raises
    ------
    VolumeError
        With what was claimed and what is allowed, or if the header cannot be read.
    """
    checks: dict[str, Callable[[Path], None]] = {".nrrd": _check_nrrd, ".mha": _check_mha, ".zip": _check_zip}
    name = path.name.lower()
    suffix = ".nii" if name.endswith((".nii", ".nii.gz")) else path.suffix.lower()
    check = checks.get(suffix) or (_check_nifti if suffix == ".nii" else None)
    if check is not None:
        with translate_faults(VolumeError, f"a volume in {path.name}"):
            check(path)


def _check_voxels(sizes: list[int], path: Path) -> int:
    """Return how many voxels there are of some sizes, which must be possible."""
    count = math.prod(sizes)
    if not sizes or min(sizes) < 1 or count > MAX_VOXELS:
        claimed = " x ".join(str(size) for size in sizes[:8])
        raise VolumeError(f"expected 1 to {MAX_VOXELS:,} voxels in {path.name}, got {claimed or 'none'}")
    return count


def _check_nrrd(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        text, end, _ = head.replace(b"\r\n", b"\n").partition(b"\n\n")
        if not end:
            raise VolumeError(f"expected an NRRD header within {_HEAD_BYTES >> 10} KiB in {path.name}, got no end")
        fields = _fields(text, ":")
        if "datafile" in fields:
            raise VolumeError(f"expected an NRRD with its values inside {path.name}, got one that names other files")
        count = _check_voxels([int(word) for word in fields.get("sizes", "").split()], path)
        words = [word for word in re.findall(r"[a-z]+|\d+", fields.get("type", "").lower()) if word in _NRRD_BYTES]
        wide = 8 if words.count("long") > 1 else _NRRD_BYTES[words[-1] if words[-1:] != ["int"] else words[0]]
        expand = {"gzip": _inflated, "gz": _inflated, "bzip2": _unbz2, "bz2": _unbz2}.get(fields.get("encoding", ""))
        if expand is not None:
            file.seek(_end_of_header(head))
            # Skipped lines and bytes lie before the voxels.
            skipped = max(0, int(fields.get("byteskip", "0") or 0))
            _check_growth(expand(file), count * wide + skipped, path)


def _check_mha(path: Path) -> None:
    with path.open("rb") as file:
        text, end, place = file.read(_HEAD_BYTES).partition(b"ElementDataFile")
    named = place.split(b"\n", 1)[0].strip(b" \t=\r").upper()
    if not end or named != b"LOCAL":
        raise VolumeError(f"expected a MetaImage with its values inside {path.name}, got one that names other files")
    _check_voxels([int(word) for word in _fields(text, "=").get("dimsize", "").split()], path)


def _check_nifti(path: Path) -> None:
    packed = path.name.lower().endswith(".gz")
    with gzip.open(path) if packed else path.open("rb") as file:
        head = file.read(540)
        if len(head) < 348:
            raise VolumeError(f"expected a NIfTI header in {path.name}, got {len(head)} bytes")
        order = "<" if struct.unpack_from("<i", head)[0] in (348, 540) else ">"
        if struct.unpack_from(f"{order}i", head)[0] == 540:
            dim, (bits,) = struct.unpack_from(f"{order}8q", head, 16), struct.unpack_from(f"{order}h", head, 14)
            (offset,) = struct.unpack_from(f"{order}q", head, 168)
        else:
            dim, (bits,) = struct.unpack_from(f"{order}8h", head, 40), struct.unpack_from(f"{order}h", head, 72)
            (offset,) = struct.unpack_from(f"{order}f", head, 108)
    if not 1 <= dim[0] <= 7 or not 0 <= offset <= 2**24 or bits < 0:
        raise VolumeError(f"expected a NIfTI header in {path.name}, got {dim[0]} axes and voxels from {offset:g} on")
    count = _check_voxels([max(1, size) for size in dim[1 : 1 + dim[0]]], path)
    if packed:
        with gzip.open(path) as file:
            _check_growth(iter(lambda: file.read(_BLOCK_BYTES), b""), count * bits // 8 + int(offset), path)


def _check_zip(path: Path) -> None:
    directory = _zip_directory(path)
    count, claimed, packed = directory.count(_ZIP_ENTRY), 0, 1
    if count > MAX_ENTRIES:
        raise VolumeError(f"expected a zip of at most {MAX_ENTRIES:,} files, got {count:,}")
    at = directory.find(_ZIP_ENTRY)
    while 0 <= at <= len(directory) - 46:
        small, large, name, extra, comment = struct.unpack_from("<2I3H", directory, at + 20)
        claimed, packed = claimed + large, packed + small
        at = directory.find(_ZIP_ENTRY, at + 46 + name + extra + comment)
    if claimed > MAX_UNZIPPED_BYTES or (claimed > _FREE_BYTES and claimed > _MOST_RATIO * packed):
        raise VolumeError(
            f"expected a zip of at most {MAX_UNZIPPED_BYTES >> 30} GiB that grows at most {_MOST_RATIO} times, got one "
            f"of {claimed / 2**30:.1f} GiB from {packed / 2**20:.1f} MiB"
        )


def _zip_directory(path: Path) -> bytes:
    """Return the list of entries at the end of a zip, which is bounded; read as `zipfile` finds it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 2**16 - 22))
        tail = file.read()
        at = tail.rfind(_ZIP_END)
        if at < 0 or len(tail) < at + 22:
            raise VolumeError(f"expected a whole zip in {path.name}, got one without its end")
        (length,) = struct.unpack_from("<I", tail, at + 12)
        end = size - len(tail) + at
        if at >= 20 and tail[at - 20 : at - 16] == _ZIP64_PLACE:
            (end,) = struct.unpack_from("<Q", tail, at - 12)
            file.seek(end)
            (length,) = struct.unpack_from("<Q", file.read(56), 40)
        if length > min(end, 512 * MAX_ENTRIES):
            raise VolumeError(f"expected a zip of at most {MAX_ENTRIES:,} files, got a list of {length:,} bytes")
        file.seek(end - length)
        return file.read(length)


def _fields(text: bytes, mark: str) -> dict[str, str]:
    """Return the fields of a header of text by name, lower case and without spaces."""
    lines = (line.partition(mark) for line in text.decode("ascii", "replace").splitlines() if line[:1] != "#")
    return {name.replace(" ", "").strip().lower(): value.strip() for name, found, value in lines if found}


def _end_of_header(head: bytes) -> int:
    """Return where the values of an NRRD begin: after its first empty line."""
    found = re.search(rb"\r?\n\r?\n", head)
    return len(head) if found is None else found.end()


def _check_growth(blocks: Iterator[bytes], claimed: int, path: Path) -> None:
    grown = 0
    for block in blocks:
        grown += len(block)
        if grown > claimed + _SLACK_BYTES:
            raise VolumeError(f"expected {path.name} to hold the {claimed:,} bytes that its header claims, got more")


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    expander = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while not expander.eof and (data := expander.unconsumed_tail or file.read(_BLOCK_BYTES)):
        yield expander.decompress(data, _BLOCK_BYTES)


def _unbz2(file: BinaryIO) -> Iterator[bytes]:
    expander = bz2.BZ2Decompressor()
    while not expander.eof:
        data = file.read(_BLOCK_BYTES) if expander.needs_input else b""
        if expander.needs_input and not data:
            return
        yield expander.decompress(data, _BLOCK_BYTES)
