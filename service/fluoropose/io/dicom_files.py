"""The files of a DICOM series in a folder or a zip: each is parsed, with or without a preamble, or named.

Nothing is passed over in silence. A file beside the slices that is no DICOM file is left out and named in a finding;
one that looks like a slice and cannot be read (empty, cut, with the slices' ending) is refused with its name.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pydicom

from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.io.dicom_bounds import check_inflated_size
from fluoropose.io.reader_faults import fault_text

__all__ = ["FolderContents", "MAX_UNZIPPED_BYTES", "name_some", "parse_dicom", "read_contents"]

MAX_UNZIPPED_BYTES = 4 * 2**30
"""A larger archive is refused: no CT series has this size."""

_DICOM_SUFFIXES = (".dcm", ".ima", ".dic", ".dicom")
_NAMED_IN_TEXT = 5
"""More names than this in a message help nobody; the rest are counted."""


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The DICOM data sets in a place by file name, and of every other file why it is none."""

    datasets: dict[str, Any]
    others: dict[str, str]

    def require_readable(self, slice_names: list[str]) -> tuple[Finding, ...]:
        """Return a finding about the files left out; raise VolumeError if one of them looks like a slice.

        It looks like one if its ending is DICOM's, or that of the slices and it is not text.
        """
        endings = {_suffix(name) for name in slice_names} | set(_DICOM_SUFFIXES)
        for name, why in self.others.items():
            if _suffix(name) in endings and why != _TEXT:
                raise VolumeError(f"expected a readable slice in {name}, got {why}: copy it again or take it away")
        if not self.others:
            return ()
        text = f"left out, not DICOM: {name_some(list(self.others))}"
        return (Finding("not-dicom", "note", text),)


_TEXT = "text"


def read_contents(path: Path) -> FolderContents:
    """Return what is in a folder, a zip archive or one file, or raise VolumeError if it cannot be listed."""
    datasets: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, data in _files(path):
        try:
            datasets[name] = parse_dicom(data)
        except Exception as error:
            others[name] = _TEXT if _is_text(data) else fault_text(error)
    return FolderContents(datasets, others)


def parse_dicom(data: bytes) -> Any:
    """Return the data set of a DICOM file with or without a preamble, or raise ValueError (or what pydicom raises)."""
    if not data:
        raise ValueError("an empty file")
    check_inflated_size(data)
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    if (
        "SOPClassUID" not in dataset
        and "Modality" not in dataset
        and "MediaStorageSOPClassUID" not in dataset.file_meta
    ):
        raise ValueError("a file that is not DICOM")
    return dataset


def name_some(names: list[str]) -> str:
    """Return up to five names, and how many more there are."""
    more = len(names) - _NAMED_IN_TEXT
    return ", ".join(names[:_NAMED_IN_TEXT]) + (f" and {more} more" if more > 0 else "")


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    if not path.exists():
        raise VolumeError(f"expected a DICOM folder or zip, got no {path}")
    if not zipfile.is_zipfile(path):
        if path.suffix.lower() == ".zip":
            raise VolumeError(f"expected a DICOM folder or zip in {path.name}, got other bytes, or a cut archive")
        yield path.name, path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        total = sum(info.file_size for info in members)
        if total > MAX_UNZIPPED_BYTES:
            raise VolumeError(f"expected an archive of at most {MAX_UNZIPPED_BYTES} bytes, got {total}")
        for info in members:
            if info.flag_bits & 1:
                raise VolumeError(f"expected a zip that is not encrypted, got {info.filename} behind a password")
            yield info.filename, _member(archive, info)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except Exception as error:
        raise VolumeError(f"expected a readable {info.filename} in the zip, got: {fault_text(error)}") from error


def _suffix(name: str) -> str:
    """Return a file's ending; a number is no ending (1.2.840.113.1)."""
    suffix = PurePosixPath(name).suffix.lower()
    return "" if suffix[1:].isdigit() else suffix


def _is_text(data: bytes) -> bool:
    head = data[:512]
    return bool(head) and all(byte >= 32 or byte in b"\t\n\r" for byte in head)
