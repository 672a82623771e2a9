"""Messages from a connection: bounded in size and in time, so that no client keeps memory or hangs a reader."""

import asyncio
from dataclasses import dataclass

from fluoropose.igtlink.header import HEADER_BYTES, BrokenHeaderError, Header, MessageError, parse_header
from fluoropose.igtlink.messages import INVALID, Message, unpack_message

__all__ = ["ReadingLimits", "read_message"]

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Most bytes of a body that is kept, most seconds without a byte within a message, and whether CRCs are checked."""

    body_bytes: int
    stall_s: float = 5.0
    check_crc: bool = True


async def read_message(reader: asyncio.StreamReader, limits: ReadingLimits) -> Message | None:
    """Return the next message, None at the end of the connection.

    Raises
    ------
    BrokenHeaderError
        If where the next message begins cannot be known any more, or the rest of a message does not come.
    MessageError
        If this message cannot be used; the next call reads the one after it.
    """
    first = await reader.read(1)
    if not first:
        return None
    header = parse_header(first + await _read(reader, HEADER_BYTES - 1, limits.stall_s, "header"))
    if header.body_bytes > limits.body_bytes:
        await _skip(reader, header, limits)
        raise MessageError(
            f"expected a body of at most {limits.body_bytes} bytes, got {header.kind} of {header.body_bytes}", INVALID
        )
    body = await _read(reader, header.body_bytes, limits.stall_s, f"body of {header.kind}")
    return unpack_message(header, body, limits.check_crc)


async def _skip(reader: asyncio.StreamReader, header: Header, limits: ReadingLimits) -> None:
    left = header.body_bytes
    while left:
        part = min(left, _CHUNK_BYTES)
        await _read(reader, part, limits.stall_s, f"body of {header.kind}")
        left -= part


async def _read(reader: asyncio.StreamReader, count: int, stall_s: float, what: str) -> bytes:
    """Return so many bytes; each part of them must come within `stall_s`."""
    parts, left = [], count
    while left:
        try:
            async with asyncio.timeout(stall_s):
                part = await reader.read(min(left, _CHUNK_BYTES))
        except TimeoutError as error:
            raise BrokenHeaderError(
                f"expected {count} bytes of the {what}, got {count - left} and then none for {stall_s:g} s"
            ) from error
        if not part:
            raise BrokenHeaderError(
                f"expected {count} bytes of the {what}, got {count - left} and the connection's end"
            )
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
