"""Whole OpenIGTLink messages. A body of header version 2 has an extended header before its content, metadata after it.

Source: the protocol's pages v3_header and v3_metadata of openigtlink.org.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from fluoropose.igtlink.checksum import crc64
from fluoropose.igtlink.header import Header, MessageError, pack_header

__all__ = ["BAD_CHECKSUM", "INVALID", "Message", "pack_message", "unpack_message"]

INVALID = 0
BAD_CHECKSUM = 9
"""Codes of STATUS for messages that cannot be used."""

_EXTENDED = struct.Struct(">HHII")
_ENTRY = struct.Struct(">HHI")
_COUNT = struct.Struct(">H")
_UTF8 = 106
"""The number of UTF-8 among IANA's character sets; ASCII, 3, is a part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A message: its kind (IMAGE, TRANSFORM, STATUS, ...), its device, content, time in s since 1970, and metadata.

    `metadata` goes with header version 2 alone.
    """

    kind: str
    device: str
    content: bytes
    time_s: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    number: int = 0


def pack_message(message: Message) -> bytes:
    """Return a message's bytes, header and body; InputError if a name is too long."""
    body = message.content
    if message.version > 1:
        index, texts = _pack_metadata(message.metadata)
        body = _EXTENDED.pack(_EXTENDED.size, len(index), len(texts), message.number) + body + index + texts
    header = Header(message.version, message.kind, message.device, message.time_s, len(body), crc64(body))
    return pack_header(header) + body


def unpack_message(header: Header, body: bytes, check_crc: bool = True) -> Message:
    """Return the message of a header and its body.

    Raises
    ------
    MessageError
        If the checksum is another one, or the sizes in the body do not fit it.
    """
    if len(body) != header.body_bytes:
        raise MessageError(f"expected a body of {header.body_bytes} bytes, got {len(body)}", INVALID)
    if check_crc and (found := crc64(body)) != header.crc:
        raise MessageError(f"expected a body of CRC {header.crc:#018x}, got {found:#018x}", BAD_CHECKSUM)
    if header.version == 1:
        return Message(header.kind, header.device, body, header.time_s)
    if len(body) < _EXTENDED.size:
        raise MessageError(f"expected an extended header of {_EXTENDED.size} bytes, got a body of {len(body)}", INVALID)
    own_bytes, index_bytes, texts_bytes, number = _EXTENDED.unpack_from(body)
    end = len(body) - index_bytes - texts_bytes
    if own_bytes < _EXTENDED.size or end < own_bytes:
        raise MessageError(
            f"expected an extended header of {own_bytes} bytes and metadata of {index_bytes} + {texts_bytes} in the "
            f"body, got a body of {len(body)}",
            INVALID,
        )
    metadata = _unpack_metadata(body[end : end + index_bytes], body[end + index_bytes :])
    return Message(header.kind, header.device, body[own_bytes:end], header.time_s, metadata, header.version, number)


def _pack_metadata(metadata: Mapping[str, str]) -> tuple[bytes, bytes]:
    """Return the index of metadata and its texts."""
    index, texts = _COUNT.pack(len(metadata)), b""
    for key, value in metadata.items():
        index += _ENTRY.pack(len(key.encode()), _UTF8, len(value.encode()))
        texts += key.encode() + value.encode()
    return index, texts


def _unpack_metadata(index: bytes, texts: bytes) -> dict[str, str]:
    if not index:
        return {}
    count = _COUNT.unpack_from(index)[0] if len(index) >= _COUNT.size else -1
    if len(index) < _COUNT.size + count * _ENTRY.size or count < 0:
        raise MessageError(f"expected the index of {count} metadata, got {len(index)} bytes", INVALID)
    found, at = {}, 0
    for number in range(count):
        key_bytes, _, value_bytes = _ENTRY.unpack_from(index, _COUNT.size + number * _ENTRY.size)
        end = at + key_bytes + value_bytes
        if end > len(texts):
            raise MessageError(f"expected {end} bytes of metadata, got {len(texts)}", INVALID)
        key, value = texts[at : at + key_bytes], texts[at + key_bytes : end]
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        at = end
    return found
