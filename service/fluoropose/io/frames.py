"""Decoding of frames and encoding of pictures: npy, PNG of 8 or 16 bits, TIFF, DICOM, raw pixels.

The size is checked before anything is decoded.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.imaging.xray import FRAME_DTYPES
from fluoropose.io.dicom import read_dicom_frame
from fluoropose.io.dicom_bounds import MAX_PIXELS
from fluoropose.io.first_bytes import is_dicom, is_tiff
from fluoropose.io.frame_number import chosen_frame
from fluoropose.io.reader_faults import name_file, translate_faults
from fluoropose.io.tiff_pages import tiff_pages

__all__ = [
    "MAX_PIXELS",
    "decode_frame",
    "guess_media_type",
    "npy_bytes",
    "npy_frame",
    "png_bytes",
    "raw_frame",
    "read_frame_file",
    "told_picture_size",
]


_JPEG = b"\xff\xd8\xff"

_GREY, _COLOURS = ("L", "I;16", "I;16B", "I"), ("RGB", "RGBA", "LA", "P")
"""Pillow's modes. Many programs write a grey picture with three equal channels or a palette: it is one of 8 bits."""


def decode_frame(data: bytes, media_type: str) -> NDArray[Any]:
    """Return the pixels, (rows, columns), of an npy, PNG or DICOM file.

    Raises
    ------
    FrameError
        If the bytes are not what the media type says, are truncated, or hold too many pixels.
    """
    with translate_faults(FrameError, f"a frame of {media_type}"):
        return _decode(data, media_type)


def _decode(data: bytes, media_type: str) -> NDArray[Any]:
    if media_type == "application/x-npy":
        return _from_npy(data)
    if media_type == "image/png":
        return _from_image(data, "PNG")
    if media_type == "application/dicom":
        return read_dicom_frame(data)
    raise FrameError(f"expected application/x-npy, image/png or application/dicom, got {media_type or 'no media type'}")


def guess_media_type(data: bytes) -> str:
    """Return the media type of a file by its first bytes, or an empty string if it is unknown."""
    if data.startswith(b"\x93NUMPY"):
        return "application/x-npy"
    if data.startswith(b"\x89PNG"):
        return "image/png"
    return "application/dicom" if is_dicom(data) else ""


def read_frame_file(path: Path, number: int | None = None) -> NDArray[Any]:
    """Return the pixels in a file: npy, PNG, JPEG, greyscale TIFF or DICOM, recognised by its first bytes.

    Of a file of several frames, `number` chooses one, from 0; no other is decoded. Without it, a TIFF's first page is
    taken, and a DICOM image of several frames is refused.
    """
    with name_file(path), translate_faults(FrameError, f"a frame in {path}"):
        data = path.read_bytes()
        if is_tiff(data):
            return tiff_pages(data, number or 0, 1)[0]
        if data.startswith(_JPEG):
            return _from_image(data, "JPEG")
        kind = guess_media_type(data)
        if kind == "application/dicom" and number is not None:
            return read_dicom_frame(data, number)
        if kind == "application/x-npy" and number is not None:
            return npy_frame(path, number)
        if number not in (None, 0):
            raise FrameError(f"expected a file of several frames for frame {number}, got {path.name}")
        return decode_frame(data, kind)


def told_picture_size(path: Path) -> tuple[int, int]:
    """Return the rows and columns that the header of an npy file or a picture says, or raise what its reader does."""
    if path.suffix.lower() == ".npy":
        rows, columns = np.load(path, mmap_mode="r", allow_pickle=False).shape[-2:]
        return int(rows), int(columns)
    with Image.open(path) as image:
        return image.height, image.width


def npy_frame(path: Path, number: int) -> NDArray[Any]:
    """Return frame `number` of an npy file (frames, rows, columns), without reading the others, or raise FrameError."""
    with translate_faults(FrameError, f"an npy file in {path}"):
        stack = np.load(path, mmap_mode="r", allow_pickle=False)
    if stack.ndim != 3 or stack.shape[1] * stack.shape[2] > MAX_PIXELS:
        raise FrameError(f"expected frames as (frames, rows, columns) in {path.name}, got shape {stack.shape}")
    return np.array(stack[chosen_frame(number, len(stack))])


def raw_frame(data: bytes, dtype: str | None, rows: int, columns: int) -> NDArray[Any]:
    """Return the pixels, (rows, columns), in raw bytes: little-endian, row by row.

    On a little-endian machine they are read-only and share the memory of `data`.

    Raises
    ------
    FrameError
        If the dtype is unknown, or the number of bytes is not that of the size; the message gives both numbers.
    """
    if dtype not in FRAME_DTYPES:
        raise FrameError(f"raw pixels' dtype must be one of {', '.join(FRAME_DTYPES)}, got {dtype}")
    kind = np.dtype(dtype).newbyteorder("<")
    expected = rows * columns * kind.itemsize
    if len(data) != expected:
        raise FrameError(f"expected {expected} bytes of {rows} x {columns} {dtype} pixels, got {len(data)}")
    return np.frombuffer(data, kind).reshape(rows, columns).astype(dtype, copy=False)


def npy_bytes(array: NDArray[Any]) -> bytes:
    """Return an array as an npy file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def png_bytes(line_integrals: NDArray[Any]) -> bytes:
    """Return line integrals as a 16-bit PNG that looks like an X-ray image: exp(-value), the open beam white."""
    pixels = np.round(65535.0 * np.exp(-np.clip(line_integrals, 0.0, None))).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def _from_npy(data: bytes) -> NDArray[Any]:
    stream = io.BytesIO(data)
    with translate_faults(FrameError, "an npy file"):
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(stream)
    if dtype.hasobject or dtype.kind not in "uif":
        raise FrameError(f"frame dtype must be one of {', '.join(FRAME_DTYPES)}, got {dtype}")
    if len(shape) != 2 or not all(_is_side(side) for side in shape) or shape[0] * shape[1] > MAX_PIXELS:
        raise FrameError(f"expected 2 axes and at most {MAX_PIXELS} pixels, got shape {str(shape)[:80]}")
    expected = int(np.prod(shape)) * dtype.itemsize
    body = data[stream.tell() :]
    if len(body) != expected:
        raise FrameError(f"expected {expected} bytes of pixels in the npy file, got {len(body)}")
    pixels = np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(pixels.astype(dtype.newbyteorder("=")))


def _is_side(value: object) -> bool:
    """Tell whether a value is the length of an axis: True is an int to Python, and counts as none here."""
    return type(value) is int and 0 < value <= MAX_PIXELS


def _from_image(data: bytes, kind: str) -> NDArray[Any]:
    with translate_faults(FrameError, f"a {kind} image"):
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FrameError(f"expected at most {MAX_PIXELS} pixels, got {image.width} x {image.height}")
            if image.mode not in (*_GREY, *_COLOURS):
                raise FrameError(f"expected a greyscale {kind} of 8 or 16 bits, got mode {image.mode}")
            pixels = np.array(image if image.mode in _GREY else image.convert("RGB"))
    if pixels.ndim == 3:
        if (pixels != pixels[..., :1]).any():
            raise FrameError(f"expected a greyscale {kind} of 8 or 16 bits, got one in colour")
        pixels = np.ascontiguousarray(pixels[..., 0])
    return pixels.astype(np.uint8 if pixels.dtype == np.uint8 else np.uint16)
