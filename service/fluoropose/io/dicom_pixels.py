"""Values of the planes of a DICOM CT in HU: decoded, rescaled, padding replaced by air."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from fluoropose.arrays import Bool, Float32
from fluoropose.errors import DeviceError, VolumeError
from fluoropose.imaging.volume_limits import AIR_HU
from fluoropose.io.dicom_planes import Plane, numbers_of
from fluoropose.io.reader_faults import fault_text
from fluoropose.io.stored_pixels import stored_pixels

__all__ = ["PlaneDecoder", "padding_mask"]

_LEAST_HU = -1024.0
"""Smaller values are stored outside the scanner's circle, and mean air."""


class PlaneDecoder:
    """Decodes planes one after the other; a multi-frame image is decoded once, for all of its frames."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._held: tuple[Any, NDArray[Any]] | None = None
        self.padded = 0

    def hounsfield(self, plane: Plane) -> Float32:
        """Return the plane's values in HU, float32 (rows, columns), or raise VolumeError with the file's name."""
        stored = self._stored(plane)
        if stored.shape != plane.shape:
            raise VolumeError(f"expected pixels of {plane.shape} in {plane.name}, got {stored.shape}")
        if plane.dataset.get("ModalityLUTSequence"):
            values = np.asarray(apply_modality_lut(stored, plane.dataset), np.float32)
        else:
            values = stored.astype(np.float32) * np.float32(plane.slope) + np.float32(plane.intercept)
        padding = padding_mask(stored, plane)
        if padding is not None:
            self.padded += int(padding.sum())
            values[padding] = AIR_HU
        return np.maximum(values, np.float32(_LEAST_HU))

    def _stored(self, plane: Plane) -> NDArray[Any]:
        if self._held is None or self._held[0] is not plane.dataset:
            self._held = (plane.dataset, _decode(plane))
        pixels = self._held[1]
        return pixels[plane.frame] if pixels.ndim == 3 else pixels


def padding_mask(stored: NDArray[Any], plane: Plane) -> Bool | None:
    """Return which stored values (rows, columns) are padding, None without any (PS3.3 C.7.5.1.1.2).

    Pixel Padding Value alone names one value; with Pixel Padding Range Limit all values from one to the other are
    padding. Writers store a negative value of a signed image as unsigned at times: it is taken back.
    """
    value = _padding(plane, "PixelPaddingValue")
    if value is None:
        return None
    limit = _padding(plane, "PixelPaddingRangeLimit")
    if limit is None:
        return np.asarray(stored == value)
    return np.asarray((stored >= min(value, limit)) & (stored <= max(value, limit)))


def _padding(plane: Plane, tag: str) -> int | None:
    value = plane.dataset.get(tag)
    if value is None or value == "":
        return None
    number = int(numbers_of(value, tag, plane.name, 1)[0])
    bits = int(plane.dataset.get("BitsAllocated", None) or 16)
    signed = int(plane.dataset.get("PixelRepresentation", None) or 0) == 1
    if signed and number >= 2 ** (bits - 1):
        return number - 2**bits
    return number + 2**bits if not signed and number < 0 else number


def _decode(plane: Plane) -> NDArray[Any]:
    dataset = plane.dataset
    if "TransferSyntaxUID" not in dataset.file_meta:
        # A file without a preamble says nothing of its encoding; pydicom found it while it parsed the file.
        implicit, little = dataset.original_encoding
        plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else plain
    try:
        return stored_pixels(dataset)
    except DeviceError:
        raise
    except Exception as error:
        syntax = UID(str(dataset.file_meta.TransferSyntaxUID)).name
        raise VolumeError(
            f"expected pixels that can be decoded in {plane.name} ({syntax}), got: {fault_text(error)}"
        ) from error
