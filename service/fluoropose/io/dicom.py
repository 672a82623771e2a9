"""Reading of DICOM X-ray images as pixels."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import DeviceError, FrameError
from fluoropose.io.dicom_bounds import MAX_HEADER_BYTES, MAX_PIXELS, ImageBounds, open_dicom_header, open_dicom_image
from fluoropose.io.frame_number import chosen_frame
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.xray_pixels import xray_pixels

__all__ = ["read_dicom_frame", "read_dicom_run", "read_dicom_run_frame", "told_dicom_size"]

_MAX_FRAMES = 10_000
"""The most frames of a run: five minutes at 30 frames per second."""


def read_dicom_frame(data: bytes, number: int | None = None) -> NDArray[Any]:
    """Return the pixels, (rows, columns), of a DICOM X-ray image, the open beam bright, or raise FrameError.

    Without a `number` the image must have one frame; with it, frame `number` from 0 is decoded and no other.
    """
    with translate_faults(FrameError, "a DICOM image"):
        bounds = ImageBounds(MAX_PIXELS, 1 if number is None else _MAX_FRAMES)
        pixels = _decode_pixels(open_dicom_image(data, bounds), number)
    if pixels.ndim != 2:
        raise FrameError(f"expected one greyscale frame, got pixels of shape {pixels.shape}")
    return np.ascontiguousarray(pixels)


def read_dicom_run(data: bytes) -> tuple[list[NDArray[Any]], float | None]:
    """Return the frames of a DICOM X-ray image, and their rate in 1/s if the image tells it, or raise FrameError."""
    with translate_faults(FrameError, "a DICOM image"):
        return _read_run(data)


def read_dicom_run_frame(data: bytes, number: int | None = None) -> tuple[NDArray[Any], int, int, float | None]:
    """Return frame `number` from 0, by default the middle one, its number, the count of frames and their rate in 1/s.

    No other frame is decoded. Raise FrameError if the image cannot be read or has no frame of that number.
    """
    with translate_faults(FrameError, "a DICOM image"):
        dataset = open_dicom_image(data, ImageBounds(MAX_PIXELS, _MAX_FRAMES))
        count = int(dataset.get("NumberOfFrames") or 1)
        at = chosen_frame(number, count)
        pixels = _decode_pixels(dataset, at)
        if pixels.ndim != 2:
            raise FrameError(f"expected greyscale frames, got pixels of shape {pixels.shape}")
        return np.ascontiguousarray(pixels), at, count, _rate(dataset)


def told_dicom_size(path: Path) -> tuple[int, int]:
    """Return the rows and columns that an image's header says, or raise FrameError; pixels are not read."""
    with path.open("rb") as stream:
        header = open_dicom_header(stream.read(2 * MAX_HEADER_BYTES))
    return int(header.Rows), int(header.Columns)


def _read_run(data: bytes) -> tuple[list[NDArray[Any]], float | None]:
    dataset = open_dicom_image(data, ImageBounds(MAX_PIXELS, _MAX_FRAMES))
    pixels = _decode_pixels(dataset)
    if pixels.ndim not in (2, 3) or int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise FrameError(f"expected greyscale frames, got pixels of shape {pixels.shape}")
    return [np.ascontiguousarray(frame) for frame in pixels.reshape(-1, *pixels.shape[-2:])], _rate(dataset)


def _rate(dataset: Any) -> float | None:
    """Return the frames' rate in 1/s if the image tells it."""
    rate = dataset.get("CineRate") or dataset.get("RecommendedDisplayFrameRate")
    if not rate and dataset.get("FrameTime"):
        rate = 1000.0 / float(dataset.FrameTime)
    return float(rate) if rate else None


def _decode_pixels(dataset: Any, number: int | None = None) -> NDArray[Any]:
    try:
        return xray_pixels(dataset, number)
    except (DeviceError, FrameError):
        raise
    except Exception as error:
        raise FrameError(f"expected a DICOM image, got: {str(error)[:200]}") from error
