"""The process that decodes compressed frames, one after another, within a limit of memory: `python -m` runs it.

A request's word is the media type, its body the file; `decoding_protocol` says how both are sent.
"""

import os
from contextlib import suppress

from fluoropose.io.decoding_protocol import serve_requests
from fluoropose.io.frames import decode_frame
from fluoropose.io.stored_pixels import decode_in_this_process

__all__ = ["MAX_GROWTH_BYTES", "main"]

MAX_GROWTH_BYTES = 384 * 2**20
"""What decoding may take beside what the process has when it begins: six times the largest frame."""

_NICENESS = 5
"""Frames that are tracked go before frames that are decoded."""


def main() -> None:
    """Answer the requests of the process that started this one."""
    with suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    decode_in_this_process()
    serve_requests(decode_frame, MAX_GROWTH_BYTES)


if __name__ == "__main__":
    main()
