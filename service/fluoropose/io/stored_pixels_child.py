"""The process in which compressed DICOM pixels are decoded outside the service: GDCM may end it."""

from fluoropose.io.decoding_protocol import serve_requests
from fluoropose.io.stored_pixels import decode_in_this_process, decode_packed

__all__ = ["MAX_GROWTH_BYTES", "main"]

MAX_GROWTH_BYTES = 8 * 2**30
"""A multi-frame CT of 512 x 512 x 2000 pixels takes 1 GiB, and some times that while it is decoded."""


def main() -> None:
    """Answer the requests of the process that started this one."""
    decode_in_this_process()
    serve_requests(decode_packed, MAX_GROWTH_BYTES)


if __name__ == "__main__":
    main()
