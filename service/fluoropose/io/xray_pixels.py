"""What the pixels of a DICOM X-ray image mean: its attributes applied, so that bright is where the open beam is.

Photometric Interpretation, Presentation LUT Shape and Pixel Intensity Relationship Sign say which way intensities run
(DICOM PS3.3, C.7.6.3.1.2, C.8.11.3); Rescale Slope and Intercept or a Modality LUT say what a stored number stands for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_modality_lut

from fluoropose.errors import FrameError
from fluoropose.io.frame_number import chosen_frame
from fluoropose.io.functional_groups import frame_attribute
from fluoropose.io.stored_pixels import stored_pixels

__all__ = ["intensities_run_down", "xray_pixels"]

_GREY = ("MONOCHROME1", "MONOCHROME2")


def xray_pixels(dataset: Any, number: int | None = None) -> NDArray[Any]:
    """Return all frames of an image, (frames, rows, columns) or (rows, columns), or frame `number` alone, from 0.

    Frames beside that one are not decoded. The open beam is bright. Pixels keep their type, or are float32 where a
    rescale or 32 bits need it.

    Raises
    ------
    FrameError
        If the pixels are colours or indices of colours, or there is no frame of that number.
    """
    kind = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if kind not in _GREY:
        what = ": its numbers are indices of colours, no intensities" if kind == "PALETTE COLOR" else ""
        raise FrameError(f"expected Photometric Interpretation {' or '.join(_GREY)}, got {kind[:40]}{what}")
    if number is not None:
        chosen_frame(number, int(dataset.get("NumberOfFrames") or 1))
    values = _rescaled(stored_pixels(dataset, number), dataset)
    return _frame_type(_turned(values, dataset) if intensities_run_down(dataset) else values)


def intensities_run_down(dataset: Any) -> bool:
    """Tell whether higher numbers mean less radiation.

    The sign of the pixel intensity relationship decides where it is given; else what is displayed as white does.
    """
    sign = frame_attribute(dataset, "PixelIntensityRelationshipSign")
    if sign is not None:
        return int(sign) < 0
    inverse = str(dataset.get("PresentationLUTShape", "")).upper() == "INVERSE"
    return inverse or dataset.get("PhotometricInterpretation") == "MONOCHROME1"


def _rescaled(stored: NDArray[Any], dataset: Any) -> NDArray[Any]:
    slope, intercept = _rescale(dataset)
    if not dataset.get("ModalityLUTSequence") and (slope, intercept) == (1.0, 0.0):
        return stored
    if slope == 0.0:
        raise FrameError("expected a Rescale Slope other than 0, got 0")
    return np.asarray(apply_modality_lut(stored, dataset), np.float32)


def _rescale(dataset: Any) -> tuple[float, float]:
    """Return slope and intercept; an attribute that is missing or empty changes nothing."""
    given = [dataset.get(name) for name in ("RescaleSlope", "RescaleIntercept")]
    slope, intercept = (None if value in (None, "") else float(value) for value in given)
    return 1.0 if slope is None else slope, 0.0 if intercept is None else intercept


def _turned(values: NDArray[Any], dataset: Any) -> NDArray[Any]:
    """Return the values with the order of intensities turned round, within the range that the stored bits have."""
    bits = int(dataset.BitsStored)
    low = -(2 ** (bits - 1)) if int(dataset.get("PixelRepresentation", 0)) == 1 else 0
    ends = np.array([low, low + 2**bits - 1])
    if values.dtype == np.float32:
        slope, intercept = _rescale(dataset)
        both = slope * ends + intercept
        total = float(values.max() + values.min()) if dataset.get("ModalityLUTSequence") else float(both.sum())
        return np.asarray(np.float32(total) - values)
    return np.asarray((int(ends.sum()) - values.astype(np.int64)).astype(values.dtype))


def _frame_type(values: NDArray[Any]) -> NDArray[Any]:
    """Return pixels of a type that frames have: those of 32 bits as 16 where they fit, else as float32."""
    if values.dtype.itemsize <= 2 or values.dtype == np.float32:
        return values.astype(np.uint8) if values.dtype == np.int8 and values.min() >= 0 else values
    fits = values.min() >= 0 and values.max() <= 65535
    return values.astype(np.uint16 if fits else np.float32)
