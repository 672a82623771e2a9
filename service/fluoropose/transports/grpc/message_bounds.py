"""Messages are counted before they are parsed: millions of empty fields would take seconds and a gigabyte.

The walk follows the wire format of protocol buffers along the message's own description, and stops at its bounds.
"""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError

from fluoropose.errors import InputError

__all__ = ["MAX_FIELDS", "check_fields", "parse_message"]

MAX_FIELDS = 2048
"""The largest request has a few hundred: cameras, poses, views."""

_SMALL_BYTES = 16 * 2**10
"""A message that is no longer cannot hold much."""

_MAX_PACKED_BYTES = 1024
_MAX_DEPTH = 8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def parse_message(kind: Any, data: bytes) -> Any:
    """Return the message of a kind (a generated class) in some bytes.

    Raises
    ------
    InputError
        If the bytes are no such message, or one of too many fields.
    """
    try:
        if len(data) > _SMALL_BYTES:
            check_fields(memoryview(data), kind.DESCRIPTOR)
        return kind.FromString(data)
    except (DecodeError, IndexError) as error:
        raise InputError(f"expected a message {kind.DESCRIPTOR.name}, got bytes that are none") from error


def check_fields(data: memoryview, description: Descriptor) -> None:
    """Raise InputError if a message holds more fields than any request, IndexError if it is cut."""
    _walk(data, description, [MAX_FIELDS], 0)


def _walk(data: memoryview, description: Descriptor, left: list[int], depth: int) -> None:
    at = 0
    if depth > _MAX_DEPTH:
        raise InputError(f"expected a message of at most {_MAX_DEPTH} levels, got more")
    while at < len(data):
        left[0] -= 1
        if left[0] < 0:
            raise InputError(f"expected a message of at most {MAX_FIELDS} fields, got more")
        tag, at = _varint(data, at)
        wire, field = tag & 7, description.fields_by_number.get(tag >> 3)
        if wire == _VARINT:
            _, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise IndexError
            _check_bytes(data[at : at + length], field, left, depth)
            at += length
        else:
            raise InputError("expected fields without groups, got a group")


def _check_bytes(data: memoryview, field: FieldDescriptor | None, left: list[int], depth: int) -> None:
    if field is None:
        return
    if field.message_type is not None:
        _walk(data, field.message_type, left, depth + 1)
    elif field.type not in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES) and len(data) > _MAX_PACKED_BYTES:
        raise InputError(f"expected at most {_MAX_PACKED_BYTES} bytes of {field.name}, got {len(data)}")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError
