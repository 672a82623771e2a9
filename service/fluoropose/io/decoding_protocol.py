"""What a process that decodes and the one that asks it say to each other, through a pipe each way.

A request is the lengths of a word and of a body (two little-endian unsigned 32-bit numbers), then both. An answer is
the lengths of a JSON header and of pixels (unsigned 32 and 64 bits), then both; the header has `shape` and `dtype`, or
`error`.
"""

import json
import logging
import struct
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FrameError

__all__ = ["ANSWER", "REQUEST", "answer_requests", "serve_requests"]

REQUEST = struct.Struct("<II")
ANSWER = struct.Struct("<IQ")

_Decode = Callable[[bytes, str], NDArray[Any]]
"""Returns the pixels of a body, the kind of which a word tells, or raises FrameError."""


def serve_requests(decode: _Decode, growth_bytes: int) -> None:
    """Answer the requests on the standard input until it ends; this process may grow by so many bytes at most."""
    warnings.simplefilter("ignore")
    logging.disable()
    _limit_memory(growth_bytes)
    with suppress(BrokenPipeError, KeyboardInterrupt):
        answer_requests(sys.stdin.buffer, sys.stdout.buffer, decode)


def answer_requests(source: BinaryIO, target: BinaryIO, decode: _Decode) -> None:
    """Answer requests until the source ends."""
    while len(lengths := source.read(REQUEST.size)) == REQUEST.size:
        word_bytes, body_bytes = REQUEST.unpack(lengths)
        word, body = source.read(word_bytes).decode("latin-1"), source.read(body_bytes)
        header, pixels = _answer(decode, body, word)
        text = json.dumps(header).encode()
        target.write(ANSWER.pack(len(text), pixels.nbytes))
        target.write(text)
        target.write(pixels.data.cast("B") if pixels.nbytes else b"")
        target.flush()


def _answer(decode: _Decode, body: bytes, word: str) -> tuple[dict[str, object], NDArray[Any]]:
    try:
        pixels = np.ascontiguousarray(decode(body, word))
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
