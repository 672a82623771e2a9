"""The process that decodes compressed frames, one after another, within a limit of memory: `python -m` runs it.

It reads requests from its standard input and writes answers to its standard output until the input ends. A request is
the lengths of a media type and of a body (two little-endian unsigned 32-bit numbers), then both. An answer is the
lengths of a JSON header and of pixels (unsigned 32 and 64 bits), then both; the header has `shape` and `dtype`, or
`error`.
"""

import json
import logging
import os
import struct
import sys
import warnings
from contextlib import suppress
from typing import BinaryIO

import numpy as np

from fluoropose.errors import FrameError
from fluoropose.io.frames import decode_frame

__all__ = ["ANSWER", "MAX_GROWTH_BYTES", "REQUEST", "answer_requests"]

REQUEST = struct.Struct("<II")
ANSWER = struct.Struct("<IQ")

MAX_GROWTH_BYTES = 384 * 2**20
"""What decoding may take beside what the process has when it begins: six times the largest frame."""

_NICENESS = 5
"""Frames that are tracked go before frames that are decoded."""


def answer_requests(source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests until the source ends."""
    while len(lengths := source.read(REQUEST.size)) == REQUEST.size:
        media_bytes, body_bytes = REQUEST.unpack(lengths)
        media_type, body = source.read(media_bytes).decode("latin-1"), source.read(body_bytes)
        header, pixels = _decode(body, media_type)
        text = json.dumps(header).encode()
        target.write(ANSWER.pack(len(text), pixels.nbytes))
        target.write(text)
        target.write(pixels.data.cast("B") if pixels.nbytes else b"")
        target.flush()


def _decode(body: bytes, media_type: str) -> tuple[dict[str, object], np.ndarray]:
    try:
        pixels = np.ascontiguousarray(decode_frame(body, media_type))
    except FrameError as error:
        return {"error": str(error)}, np.empty(0, np.uint8)
    except (MemoryError, RecursionError):
        return {"error": "expected a frame that is decoded within the limits, got one that takes more"}, np.empty(0)
    return {"shape": pixels.shape, "dtype": pixels.dtype.str}, pixels


def _limit_memory(growth_bytes: int) -> None:
    """Let this process grow by so many bytes at most, where the system can tell and limit it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + growth_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the requests of the process that started this one."""
    warnings.simplefilter("ignore")
    logging.disable()
    with suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    _limit_memory(MAX_GROWTH_BYTES)
    with suppress(BrokenPipeError, KeyboardInterrupt):
        answer_requests(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
