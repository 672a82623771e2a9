"""Pages of a greyscale TIFF as frames: what its tags say of their numbers is kept, bright is where the open beam is.

Tags of TIFF 6.0: 258 bits per sample, 262 photometric interpretation (0: white is zero), 339 sample format (1 unsigned,
2 signed, 3 floating point).
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.io.dicom_bounds import MAX_PIXELS
from fluoropose.io.frame_number import chosen_frame
from fluoropose.io.reader_faults import translate_faults

__all__ = ["count_pages", "tiff_pages"]

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _SIGNED = 0, 2
_MODES = ("L", "I;16", "I;16B", "I", "F")
_MAX_PAGES = 10_000


def count_pages(data: bytes) -> int:
    """Return how many pages a TIFF has, or raise FrameError; none is decoded."""
    with translate_faults(FrameError, "a TIFF image"), Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        return _count(image)


def tiff_pages(data: bytes, first: int = 0, most: int | None = None) -> list[NDArray[Any]]:
    """Return pages of a TIFF, each (rows, columns), from page `first` on, at most `most`; no other is decoded.

    Pixels are uint8, uint16 or int16 as stored; those of 32 bits are uint16 where they fit, else float32.

    Raises
    ------
    FrameError
        If the bytes are no greyscale TIFF, a page is too large, or there is no page `first`.
    """
    with translate_faults(FrameError, "a TIFF image"), Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        count = _count(image)
        pages = []
        for number in range(chosen_frame(first, count), count if most is None else min(count, first + most)):
            image.seek(number)
            pages.append(_page(image))
        return pages


def _count(image: Any) -> int:
    count = int(getattr(image, "n_frames", 1))
    if count > _MAX_PAGES:
        raise FrameError(f"expected a TIFF of at most {_MAX_PAGES} pages, got {count}")
    return count


def _page(image: Any) -> NDArray[Any]:
    if image.width * image.height > MAX_PIXELS:
        raise FrameError(f"expected at most {MAX_PIXELS} pixels, got {image.width} x {image.height}")
    if image.mode not in _MODES:
        raise FrameError(f"expected a greyscale TIFF of 8, 16 or 32 bits, got mode {image.mode}")
    bits = int(_first(image.tag_v2.get(_BITS, 8)))
    pixels = _stored(np.array(image), bits, int(_first(image.tag_v2.get(_SAMPLE_FORMAT, 1))) == _SIGNED)
    # Pillow turns pages of 8 bits round itself.
    if image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and bits > 8:
        pixels = _turned(pixels, bits)
    return pixels


def _stored(pixels: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    """Return pixels with the type that they were stored with, or one that holds them."""
    if pixels.dtype == np.uint8 or pixels.dtype == np.float32:
        return pixels
    if bits <= 16:
        return pixels.astype(np.int16 if signed else np.uint16)
    values = pixels.view(np.uint32) if pixels.dtype == np.int32 and not signed else pixels
    fits = values.min() >= 0 and values.max() <= 65535
    return values.astype(np.uint16 if fits else np.float32)


def _turned(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    if pixels.dtype == np.uint16 and bits <= 16:
        return (2**bits - 1 - pixels.astype(np.int64)).astype(np.uint16)
    if pixels.dtype == np.int16:
        return (-1 - pixels.astype(np.int64)).astype(np.int16)
    return np.asarray(float(pixels.max()) + float(pixels.min()) - pixels.astype(np.float64)).astype(np.float32)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value
