"""Reading of MetaImage (.mha, .mhd), the format of ITK. Its world frame is LPS in mm.

A header of lines `Key = Value` ends with `ElementDataFile`, which names where the values are. The format:
https://docs.itk.org/en/latest/learn/metaio.html
"""

import zlib
from pathlib import Path

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.imaging.volume_limits import check_anatomy, check_shape, fill_background
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.volume_reading import VolumeReading

__all__ = ["is_metaimage", "read_metaimage"]

_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4",
    "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}  # fmt: skip

_UNITS_MM = {"mm": 1.0, "um": 0.001, "cm": 10.0, "m": 1000.0, "?": 1.0}
_HEAD_BYTES = 64 * 2**10
"""A header ends within these."""


def is_metaimage(first_bytes: bytes) -> bool:
    """Return whether a file's first bytes are those of a MetaImage."""
    first = first_bytes.lstrip()[:40].split(b"=")[0].strip()
    return b"=" in first_bytes[:80] and first in (b"ObjectType", b"NDims", b"Comment", b"ObjectSubType")


def read_metaimage(path: Path) -> VolumeReading:
    """Return the volume in an .mha file, or in an .mhd file whose data lies beside it.

    Raises
    ------
    VolumeError
        If the header lacks what places the values, names another kind of file, or promises more or less data than there
        is.
    """
    with translate_faults(VolumeError, f"a MetaImage in {path.name}"):
        data = path.read_bytes()
        header, start = _parse_header(data[:_HEAD_BYTES], path.name)
        lps_from_index, findings = _placement(header, path.name)
        values = _values(header, _body(header, data, start, path), path.name)
        values, filled = fill_background(values, path.name)
        volume = check_anatomy(check_volume(Volume(values, lps_from_index)), path.name)
    return VolumeReading(volume, "MetaImage", (*findings, *filled), {"stored_as": header["ElementType"]})


def _parse_header(head: bytes, name: str) -> tuple[dict[str, str], int]:
    """Return the header's fields, and where it ends."""
    header: dict[str, str] = {}
    place = 0
    while place < len(head):
        end = head.find(b"\n", place)
        end = len(head) if end < 0 else end
        key, equals, value = head[place:end].decode("utf-8", "replace").partition("=")
        if not equals and key.strip():
            break
        header[key.strip()] = value.strip()
        place = end + 1
        if key.strip() == "ElementDataFile":
            return header, place
    raise VolumeError(f"expected a MetaImage header that ends with ElementDataFile in {name}, got other bytes")


def _placement(header: dict[str, str], name: str) -> tuple[Mat44, tuple[Finding, ...]]:
    """Return LPS mm from index, and what was found."""
    dims = int(_numbers(header, ("NDims",), 1, name)[0])
    if dims != 3:
        raise VolumeError(f"expected NDims = 3 in {name}, got {dims} axes: save one volume alone")
    spacing = np.array(_numbers(header, ("ElementSpacing", "ElementSize"), 3, name))
    if not spacing.min() > 0:
        raise VolumeError(f"expected a positive ElementSpacing in {name}, got {spacing.tolist()}")
    unit = header.get("DistanceUnits", "mm").strip('"').lower()
    if unit not in _UNITS_MM:
        raise VolumeError(f"expected DistanceUnits of mm, um, cm or m in {name}, got {unit}")
    findings = []
    if unit not in ("mm", "?"):
        findings.append(Finding("unit", "note", f"the header's unit is {unit}: lengths were turned into mm"))
    turns = ("TransformMatrix", "Rotation", "Orientation")
    if not any(key in header for key in turns):
        text = "the header has no TransformMatrix: the axes are taken as left, back and up"
        findings.append(Finding("no-direction", "warning", text, 0.5))
    matrix = _numbers(header, turns, 9, name, "1 0 0 0 1 0 0 0 1")
    lps_from_index = np.eye(4)
    # A row of the file's matrix is the direction of an axis of the image.
    lps_from_index[:3, :3] = np.array(matrix).reshape(3, 3).T * spacing
    lps_from_index[:3, 3] = _numbers(header, ("Offset", "Position", "Origin"), 3, name, "0 0 0")
    lps_from_index[:3] *= _UNITS_MM[unit]
    return lps_from_index, tuple(findings)


def _body(header: dict[str, str], data: bytes, start: int, path: Path) -> bytes:
    """Return the bytes of the values, as they are stored."""
    place = header["ElementDataFile"]
    if place.upper() == "LOCAL":
        return data[start:]
    if path.suffix.lower() != ".mhd":
        raise VolumeError(f"expected ElementDataFile = LOCAL in {path.name}, got {place}")
    if Path(place).name != place or "%" in place or place.upper() == "LIST" or not (path.parent / place).is_file():
        raise VolumeError(f"expected the data of {path.name} in one file beside it, got {place}, which is not there")
    body = (path.parent / place).read_bytes()
    skip = int(float(header.get("HeaderSize", "0")))
    return body[skip:] if skip > 0 else body


def _values(header: dict[str, str], body: bytes, name: str) -> Float32:
    """Return the values (ni, nj, nk): the first axis of the file runs fastest."""
    shape = check_shape([int(n) for n in _numbers(header, ("DimSize",), 3, name)], name)
    kind = header.get("ElementType", "").upper()
    if kind not in _TYPES or int(header.get("ElementNumberOfChannels", "1")) != 1:
        channels = header.get("ElementNumberOfChannels", "1")
        raise VolumeError(f"expected one number per voxel in {name}, got {channels} of {kind or 'no ElementType'}")
    swapped = header.get("BinaryDataByteOrderMSB", header.get("ElementByteOrderMSB", "False")).lower() == "true"
    dtype = np.dtype(_TYPES[kind]).newbyteorder(">" if swapped else "<")
    expected = int(np.prod(shape)) * dtype.itemsize
    if header.get("BinaryData", "True").lower() != "true":
        raise VolumeError(f"expected binary data in {name}, got text")
    if header.get("CompressedData", "False").lower() == "true":
        # wbits 32 + 15: with the head of zlib or of gzip.
        body = zlib.decompressobj(47).decompress(body, expected + 1)
    if len(body) < expected or (header["ElementDataFile"].upper() != "LOCAL" and len(body) > expected + 1):
        raise VolumeError(f"expected {expected:,} bytes of values in {name}, got {len(body):,}")
    return np.frombuffer(body, dtype, int(np.prod(shape))).reshape(shape, order="F").astype(np.float32)


def _numbers(
    header: dict[str, str], keys: tuple[str, ...], count: int, name: str, default: str | None = None
) -> list[float]:
    given = next((header[key] for key in keys if key in header), default)
    if given is None:
        raise VolumeError(f"expected {keys[0]} in the header of {name}, got none")
    numbers = [float(word) for word in given.split()]
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise VolumeError(f"expected {count} numbers as {keys[0]} in {name}, got {given[:80]!r}")
    return numbers
