"""The content of an IMAGE message as a frame. Source: the protocol's page v2_image of openigtlink.org.

The pixels are taken in the order in which they lie in the message: the first is the frame's first row and column. The
image's own axes, origin and spacing are not used; the camera's geometry comes from elsewhere.
"""

import struct
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fluoropose.igtlink.header import MessageError
from fluoropose.igtlink.messages import INVALID

__all__ = ["IMAGE_HEADER_BYTES", "image_content", "image_pixels"]

_HEADER = struct.Struct(">HBBBB3H12f6H")
IMAGE_HEADER_BYTES = _HEADER.size

_TYPES = {3: "uint8", 4: "int16", 5: "uint16", 10: "float32"}
_OTHER_TYPES = {2: "int8", 6: "int32", 7: "uint32", 11: "float64", 13: "complex"}
_ORDERS: dict[int, Literal[">", "<"]] = {1: ">", 2: "<"}


def image_pixels(content: bytes) -> NDArray[Any]:
    """Return the pixels, (rows, columns), of an IMAGE with one slice and one component.

    Raises
    ------
    MessageError
        If the image is a volume, in colour, a part of a larger one, of another type, or not as long as its size says.
    """
    if len(content) < IMAGE_HEADER_BYTES:
        raise MessageError(f"expected an image header of {IMAGE_HEADER_BYTES} bytes, got {len(content)}", INVALID)
    fields = _HEADER.unpack_from(content)
    version, components, kind, order = fields[:4]
    size, offset, part = fields[5:8], fields[20:23], fields[23:26]
    if version not in (1, 2):
        raise MessageError(f"expected an image header of version 1 or 2, got {version}", INVALID)
    if components != 1:
        raise MessageError(f"expected one component per pixel (a grey image), got {components}", INVALID)
    if kind not in _TYPES:
        other = _OTHER_TYPES.get(kind, f"type {kind}")
        raise MessageError(f"expected pixels of {', '.join(_TYPES.values())}, got {other}", INVALID)
    if order not in _ORDERS:
        raise MessageError(f"expected byte order 1 (big-endian) or 2 (little-endian), got {order}", INVALID)
    if offset != (0, 0, 0) or part != size:
        raise MessageError(f"expected a whole image of {size}, got the part {part} at {offset}", INVALID)
    rows, columns = _frame_shape(size)
    dtype = np.dtype(_TYPES[kind])
    expected = rows * columns * dtype.itemsize
    if len(content) - IMAGE_HEADER_BYTES != expected:
        got = len(content) - IMAGE_HEADER_BYTES
        raise MessageError(f"expected {expected} bytes of {rows} x {columns} {dtype.name} pixels, got {got}", INVALID)
    pixels = np.frombuffer(content, dtype.newbyteorder(_ORDERS[order]), offset=IMAGE_HEADER_BYTES)
    return pixels.reshape(rows, columns).astype(dtype, copy=False)


def image_content(pixels: NDArray[Any]) -> bytes:
    """Return the content of an IMAGE of one slice for a frame (rows, columns) of a type that frames have."""
    rows, columns = pixels.shape
    kind = next(number for number, name in _TYPES.items() if name == pixels.dtype.name)
    size = (columns, rows, 1)
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    head = _HEADER.pack(1, 1, kind, 2, 1, *size, *axes, 0, 0, 0, *size)
    return head + np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).tobytes()


def _frame_shape(size: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of an image of size (i, j, k), of which one side is 1."""
    sides = list(size)
    thin = next((axis for axis in (2, 0, 1) if sides[axis] == 1), None)
    if thin is not None:
        del sides[thin]
    if len(sides) == 3 or 0 in sides:
        raise MessageError(f"expected an image of one slice, got one of {size}", INVALID)
    return sides[1], sides[0]
