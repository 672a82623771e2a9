"""DICOM X-ray images from outside: the headers are read and checked before a pixel is decoded or anything is inflated.

A deflated data set (DICOM PS3.5, A.5) is inflated here, up to what its header announces, because a reader would inflate
all of it before it looks at a header. Encapsulated pixels (RLE, JPEG) are decoded to what the header announces, so that
the header's numbers bound them; their bytes may be at most those of the pixels.
"""

import io
import math
import zlib
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from fluoropose.errors import FrameError

__all__ = [
    "ImageBounds",
    "MAX_DICOM_BYTES",
    "MAX_HEADER_BYTES",
    "MAX_PIXELS",
    "check_inflated_size",
    "open_dicom_header",
    "open_dicom_image",
]

MAX_PIXELS = 4096 * 4096
"""The most pixels of a frame: more than any fluoroscopy detector has."""

MAX_DICOM_BYTES = 2**31
"""A longer file is refused: pixel data of known length have at most 4 GiB, a run of frames has a tenth of that."""

MAX_HEADER_BYTES = 4 * 2**20
"""The pixels must begin within so many bytes: an icon and private elements stay far below."""

_META_BYTES = 64 * 2**10
_SIZES = ("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames", "BitsAllocated")
_MAX_ELEMENTS = 4096
_PIXEL_TAG = 0x7FE00010
_BITS = (8, 16, 32)
_SLACK_BYTES = 64 * 2**10
"""What encapsulation and the last elements may add to the pixels."""


@dataclass(frozen=True, slots=True)
class ImageBounds:
    """How much an image may hold: pixels of a frame, and frames."""

    pixels: int
    frames: int

    def check(self, header: Dataset) -> int:
        """Return the bytes of the pixels that a header announces.

        Raises
        ------
        FrameError
            If a number is missing or none, or says more than the bounds.
        """
        rows, columns = _number(header, "Rows"), _number(header, "Columns")
        samples, bits = _number(header, "SamplesPerPixel", 1), _number(header, "BitsAllocated")
        frames = _number(header, "NumberOfFrames", 1) or 1
        if samples != 1:
            raise FrameError(f"expected greyscale pixels, got {samples} samples per pixel")
        if bits not in _BITS:
            raise FrameError(f"expected 8, 16 or 32 bits allocated, got {bits}")
        if not (rows > 0 and columns > 0 and rows * columns <= self.pixels):
            raise FrameError(f"expected at most {self.pixels} pixels, got {rows} x {columns}")
        if not 0 < frames <= self.frames:
            what = "one greyscale frame" if self.frames == 1 else f"at most {self.frames} frames"
            raise FrameError(f"expected {what}, got {frames}")
        return rows * columns * frames * bits // 8


def open_dicom_image(data: bytes, bounds: ImageBounds) -> Dataset:
    """Return the data set of a DICOM image whose header is within bounds; its pixels are not decoded yet.

    Raises
    ------
    FrameError
        If the bytes are no DICOM image, or announce or hold more than the bounds.
    """
    if len(data) > MAX_DICOM_BYTES:
        raise FrameError(f"expected a DICOM file of at most {MAX_DICOM_BYTES} bytes, got {len(data)}")
    try:
        return _open(data, bounds)
    except FrameError:
        raise
    except Exception as error:
        raise FrameError(f"expected a DICOM image, got: {str(error)[:200]}") from error


def open_dicom_header(data: bytes) -> Dataset:
    """Return what a DICOM image's data set holds before its pixels; `data` may be the beginning of the file alone.

    Raises
    ------
    FrameError
        If the bytes are no DICOM image, or the header is longer than `MAX_HEADER_BYTES`.
    """
    try:
        meta, body = _split(data)
        syntax, stream = meta.TransferSyntaxUID, io.BytesIO(_start(meta, body))
        implicit, little = syntax == ImplicitVRLittleEndian, bool(syntax.is_little_endian)
        header = read_dataset(stream, implicit, little, stop_when=_stop_at_pixels())
    except FrameError:
        raise
    except Exception as error:
        raise FrameError(f"expected a DICOM image, got: {str(error)[:200]}") from error
    if stream.tell() >= MAX_HEADER_BYTES:
        raise FrameError(f"expected a header of at most {MAX_HEADER_BYTES} bytes, got more")
    header.file_meta = meta
    return header


def check_inflated_size(data: bytes) -> None:
    """Raise FrameError if a deflated DICOM file, with a preamble or not, holds more than its header announces."""
    if DeflatedExplicitVRLittleEndian.encode() not in data[:_META_BYTES]:
        return
    stream = io.BytesIO(data[:_META_BYTES])
    read_preamble(stream, True)
    meta = FileMetaDataset(read_dataset(stream, False, True, stop_when=_stop_after_meta))
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    body = data[stream.tell() :]
    header = read_dataset(io.BytesIO(_start(meta, body)), False, True, stop_when=_stop_after_sizes)
    sizes = [_number(header, name, 1) for name in _SIZES]
    _inflate(body, math.prod(sizes) // 8 if min(sizes) > 0 else 0)


def _open(data: bytes, bounds: ImageBounds) -> Dataset:
    meta, body = _split(data)
    syntax = meta.TransferSyntaxUID
    implicit, little = syntax == ImplicitVRLittleEndian, bool(syntax.is_little_endian)
    header = read_dataset(io.BytesIO(_start(meta, body)), implicit, little, stop_when=_stop_at_pixels())
    expected = bounds.check(header)
    if syntax == DeflatedExplicitVRLittleEndian:
        body = _inflate(body, expected)
    if syntax.is_encapsulated and len(body) > expected + _SLACK_BYTES + MAX_HEADER_BYTES:
        raise FrameError(f"expected at most the {expected} bytes of the pixels, encapsulated, got {len(body)}")
    dataset = read_dataset(io.BytesIO(body), implicit, little, stop_when=_stop_after_pixels())
    if _PIXEL_TAG not in dataset:
        raise FrameError(f"expected pixel data within the first {MAX_HEADER_BYTES} bytes, got none")
    dataset.file_meta = meta
    dataset.set_original_encoding(implicit, little)
    return dataset


def _split(data: bytes) -> tuple[FileMetaDataset, bytes]:
    """Return the file's meta information and the bytes of its data set."""
    stream = io.BytesIO(data[:_META_BYTES])
    if not read_preamble(stream, False):
        raise FrameError("expected a DICOM image, got a file without its preamble")
    meta = FileMetaDataset(read_dataset(stream, False, True, stop_when=_stop_after_meta))
    if "TransferSyntaxUID" not in meta:
        raise FrameError("expected a DICOM file that names its transfer syntax, got none")
    if not meta.TransferSyntaxUID.is_transfer_syntax:
        raise FrameError("expected a DICOM file of a known transfer syntax, got another")
    return meta, data[stream.tell() :]


def _start(meta: FileMetaDataset, body: bytes) -> bytes:
    """Return the first `MAX_HEADER_BYTES` of a data set."""
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, MAX_HEADER_BYTES)
    return body[:MAX_HEADER_BYTES]


def _inflate(body: bytes, announced: int) -> bytes:
    """Return a deflated data set, or raise FrameError before it holds more than the pixels announced and a header."""
    most = min(MAX_DICOM_BYTES, announced) + MAX_HEADER_BYTES
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(body, most)
    if inflater.unconsumed_tail:
        raise FrameError(f"expected a deflated image of at most {most} bytes, got more")
    return inflated


def _stop_after_meta(tag: int, vr: str | None, length: int) -> bool:
    return tag >> 16 != 2


def _stop_after_sizes(tag: int, vr: str | None, length: int) -> bool:
    return tag >> 16 > 0x0028


def _stop_at_pixels() -> Any:
    """Return what ends reading before the pixels, and raises FrameError for a header of too many elements."""
    count = 0

    def stop(tag: int, vr: str | None, length: int) -> bool:
        nonlocal count
        count += 1
        if count > _MAX_ELEMENTS:
            raise FrameError(f"expected a header of at most {_MAX_ELEMENTS} elements, got more")
        return tag >= _PIXEL_TAG

    return stop


def _stop_after_pixels() -> Any:
    at_pixels = _stop_at_pixels()
    return lambda tag, vr, length: at_pixels(tag, vr, length) and tag != _PIXEL_TAG


def _number(header: Dataset, name: str, default: int | None = None) -> int:
    value = header.get(name, default)
    if value is None:
        value = default
    try:
        return int(str(value))
    except (TypeError, ValueError) as error:
        raise FrameError(f"expected a number in {name}, got {str(value)[:40]!r}") from error
