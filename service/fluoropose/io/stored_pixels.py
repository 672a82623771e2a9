"""Stored numbers of a DICOM image. Compressed ones are decoded in a process of their own, which may die of them.

Compressed images (JPEG, JPEG Lossless, JPEG-LS, JPEG 2000, RLE) are decoded by pydicom, which finds GDCM where it is
installed; it is a dependency of this package. GDCM ends the process that it runs in on some damaged data: no `except`
catches that. The process is started for the first compressed image and decodes all that follow.
"""

import atexit
import pickle
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, UncompressedTransferSyntaxes

from fluoropose.errors import FrameError
from fluoropose.io.decoding_process import DecoderEndedError, DecodingProcess
from fluoropose.io.reader_faults import fault_text

__all__ = ["decode_in_this_process", "decode_packed", "stored_pixels"]

_LIMIT_S, _LIMIT_S_PER_PIXEL = 10.0, 1e-6
"""So long decoding may take; JPEG 2000, the slowest, takes a tenth of that on a slow core."""

_TABLES = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_NAMES = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData", *_TABLES,
)  # fmt: skip
"""What decoding needs of an image (PS3.3 C.7.6.3, C.7.6.1); nothing else is sent."""


class _Decoder:
    """The one process of this one; threads take turns. Where this process may itself die, there is none."""

    def __init__(self) -> None:
        self.here = False
        self._process = DecodingProcess(module="fluoropose.io.stored_pixels_child")
        self._turn = threading.Lock()

    def decode(self, dataset: Any, number: int | None) -> NDArray[Any]:
        try:
            with self._turn:
                return self._process.decode(_pack(dataset, number), "", _limit_s(dataset, number))
        except DecoderEndedError as error:
            raise ValueError(f"data that {error.why}") from error
        except FrameError as error:
            raise ValueError(str(error)) from error

    def end(self) -> None:
        with self._turn:
            self._process.end()


_decoder = _Decoder()
atexit.register(_decoder.end)


def decode_in_this_process() -> None:
    """Decode compressed images here from now on: for a process that harms nobody when it dies."""
    _decoder.here = True


def stored_pixels(dataset: Any, number: int | None = None) -> NDArray[Any]:
    """Return the stored numbers of all frames, (frames, rows, columns) or (rows, columns), or of frame `number` alone.

    Raises
    ------
    ValueError, or what pydicom raises
        If the pixels cannot be decoded, or decoding takes more time or memory than the limits.
    DeviceError
        If the process that decodes cannot be started.
    """
    if UID(str(dataset.file_meta.TransferSyntaxUID)) not in UncompressedTransferSyntaxes and not _decoder.here:
        return _decoder.decode(dataset, number)
    return _decode(dataset, number)


def decode_packed(body: bytes, _: str) -> NDArray[Any]:
    """Return the pixels of a request of `stored_pixels` in another process, or raise FrameError."""
    try:
        return _decode(*pickle.loads(body))
    except Exception as error:
        raise FrameError(fault_text(error)) from error


def _decode(dataset: Any, number: int | None) -> NDArray[Any]:
    return np.asarray(pixel_array(dataset) if number is None else pixel_array(dataset, index=number))


def _limit_s(dataset: Any, number: int | None) -> float:
    frames = int(dataset.get("NumberOfFrames") or 1) if number is None else 1
    return _LIMIT_S + _LIMIT_S_PER_PIXEL * int(dataset.Rows) * int(dataset.Columns) * frames


def _pack(dataset: Any, number: int | None) -> bytes:
    """Return a request: what decoding needs of the image, its elements as they were read; of one frame no others."""
    part = Dataset()
    for name in _NAMES:
        if name in dataset:
            part[name] = dataset.get_item(name)
    if number is not None:
        part, number = _alone(part, number), None
    part.file_meta = FileMetaDataset()
    part.file_meta.TransferSyntaxUID = UID(str(dataset.file_meta.TransferSyntaxUID))
    return pickle.dumps((part, number))


def _alone(part: Dataset, number: int) -> Dataset:
    """Return an image of one of a compressed image's frames; elements of the whole image are replaced, not changed."""
    tables: list[Any] = [part.pop(name).value for name in _TABLES if name in part]
    frames = int(part.get("NumberOfFrames") or 1)
    given = (tables[0], tables[1]) if len(tables) == 2 else None
    frame = get_frame(part.PixelData, number, number_of_frames=frames, extended_offsets=given)
    part.add_new("NumberOfFrames", "IS", 1)
    part.add_new("PixelData", "OB", encapsulate([frame]))
    part["PixelData"].is_undefined_length = True
    return part
