"""Compressed pixels are decoded in a process of their own, which may take too long or die and harms nobody."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import DeviceError, FrameError
from fluoropose.io.decoding_protocol import ANSWER, REQUEST

__all__ = ["DecoderEndedError", "DecodingProcess", "MAX_DECODING_S"]

MAX_DECODING_S = 2.0
"""Decoding the largest frame takes 0.4 s on a slow core; what takes longer than this is no frame of a console."""

_START_S = 60.0
"""A busy machine takes seconds to start a process and to read the libraries."""

_MAX_TEXT_BYTES = 4096


class DecoderEndedError(FrameError):
    """The process that decoded was ended, by its limits or by what it decoded; `why` says by which."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class DecodingProcess:
    """One process. It is started when it is first needed, and anew after it was ended; one thread uses it at a time."""

    def __init__(self, limit_s: float = MAX_DECODING_S, module: str = "fluoropose.io.decoding_child") -> None:
        """Give each request at most `limit_s` if it asks for no other; `module` is what the process runs."""
        self._limit_s, self._module = limit_s, module
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process if it does not run, and wait until it can decode; raise DeviceError if it cannot."""
        if self._process is not None and self._process.poll() is None:
            return
        self.end()
        # Modules that lie in the working folder (-P) are none of ours.
        command = [sys.executable, "-P", "-m", self._module]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        try:
            # A session of its own: Ctrl-C at a terminal is the service's, which ends this process by its input's end.
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True)
            # The first answer comes once everything is imported; it says that no bytes are no frame.
            with self._limited(_START_S), suppress(FrameError):
                self._ask(b"", b"")
        except (OSError, EOFError) as error:
            self.end()
            raise DeviceError(f"expected a process that decodes frames, got: {error or 'its end'}") from error

    def decode(self, body: bytes, media_type: str, limit_s: float | None = None) -> NDArray[Any]:
        """Return the pixels that the process makes of a body; of a file of a media type, (rows, columns), by default.

        Raises
        ------
        FrameError
            As `io.frames.decode_frame`; a DecoderEndedError if decoding takes more time or memory than the limits, or
            ends the process.
        DeviceError
            If the process cannot be started.
        """
        self.start()
        limit_s = self._limit_s if limit_s is None else limit_s
        try:
            with self._limited(limit_s) as late:
                return self._ask(body, media_type.encode("latin-1", "replace")[:100])
        except FrameError:
            raise
        except (OSError, EOFError) as error:
            self.end()
            why = f"takes longer than {limit_s:g} s" if late.is_set() else "ends its decoder"
            message = f"expected a frame that is decoded within the limits, got one that {why}"
            raise DecoderEndedError(message, why) from error
        except BaseException:
            # Half an answer, of a process that an interruption or nonsense left behind, is no beginning of the next.
            self.end()
            raise

    @contextmanager
    def _limited(self, limit_s: float) -> Iterator[threading.Event]:
        """Kill the process if the block takes longer; the event tells that it did."""
        late = threading.Event()
        timer = threading.Timer(limit_s, self._kill, (late,))
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()

    def end(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        process.wait()

    def _kill(self, late: threading.Event) -> None:
        late.set()
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()

    def _ask(self, body: bytes, media_type: bytes) -> NDArray[Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(REQUEST.pack(len(media_type), len(body)) + media_type)
        process.stdin.write(body)
        process.stdin.flush()
        text_bytes, pixel_bytes = ANSWER.unpack(_read(process.stdout, ANSWER.size))
        header = json.loads(_read(process.stdout, min(text_bytes, _MAX_TEXT_BYTES)))
        if "error" in header:
            raise FrameError(header["error"])
        pixels = np.empty(pixel_bytes, np.uint8)
        # A buffered stream reads until the array is full or the other end has gone.
        if process.stdout.readinto(pixels.data) < pixel_bytes:  # type: ignore[attr-defined]
            raise EOFError
        return pixels.view(header["dtype"]).reshape(header["shape"])


def _read(stream: Any, count: int) -> bytes:
    data: bytes = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
