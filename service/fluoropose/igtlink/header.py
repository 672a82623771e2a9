"""The 58 bytes before every OpenIGTLink message, of header versions 1 and 2, big-endian.

Source: the protocol's pages v2_header and v3_header of openigtlink.org. A time is in seconds since 1970 and parts of
2^-32 s; a time of zero says that there is none.
"""

import struct
from dataclasses import dataclass

from fluoropose.errors import InputError

__all__ = ["BrokenHeaderError", "HEADER_BYTES", "Header", "MAX_DEVICE", "MessageError", "pack_header", "parse_header"]

_FORMAT = struct.Struct(">H12s20sIIQQ")
HEADER_BYTES = _FORMAT.size

MAX_DEVICE = 20
"""Most bytes of a device's name."""

_MAX_KIND = 12
_MAX_BODY_BYTES = 2**31
"""A body of more is taken for a broken header: no frame and no CT that a viewer sends is so large."""


class MessageError(InputError):
    """A message that cannot be used; the messages after it can. `status` is the code that OpenIGTLink has for it."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class BrokenHeaderError(MessageError):
    """A header that cannot be one: where the next message begins is not known any more."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says: its version, the message's kind and device, its time (None: not told), its body."""

    version: int
    kind: str
    device: str
    time_s: float | None
    body_bytes: int
    crc: int


def parse_header(data: bytes) -> Header:
    """Return the header in 58 bytes.

    Raises
    ------
    BrokenHeaderError
        If the version is not 1 or 2, the kind is no word, or the body would be larger than any message.
    """
    version, kind, device, seconds, parts, body_bytes, crc = _FORMAT.unpack(data)
    if version not in (1, 2):
        raise BrokenHeaderError(f"expected an OpenIGTLink header of version 1 or 2, got {version}")
    word = kind.split(b"\0", 1)[0]
    if not word or not all(65 <= one <= 90 or 48 <= one <= 57 or one == 95 for one in word):
        raise BrokenHeaderError(f"expected a message's type in capital letters, got {word!r}")
    if body_bytes > _MAX_BODY_BYTES:
        raise BrokenHeaderError(f"expected a body of at most {_MAX_BODY_BYTES} bytes, got {body_bytes}")
    name = device.split(b"\0", 1)[0].decode("utf-8", "replace").rstrip()
    time_s = seconds + parts / 2**32
    return Header(version, word.decode("ascii"), name, time_s or None, body_bytes, crc)


def pack_header(header: Header) -> bytes:
    """Return a header's 58 bytes.

    Raises
    ------
    InputError
        If the kind or the device's name is too long.
    """
    kind, device = header.kind.encode("ascii"), header.device.encode()
    if not 1 <= len(kind) <= _MAX_KIND or len(device) > MAX_DEVICE:
        raise InputError(
            f"expected a device's name of at most {MAX_DEVICE} bytes and a type of at most {_MAX_KIND}, got "
            f"{header.device!r} and {header.kind!r}"
        )
    time_s = header.time_s or 0.0
    seconds = int(time_s)
    parts = min(int((time_s - seconds) * 2**32), 2**32 - 1)
    return _FORMAT.pack(header.version, kind, device, seconds % 2**32, parts, header.body_bytes, header.crc)
