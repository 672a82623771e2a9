"""Reading of DICOM: a CT series (a folder or a zip, files in any order) as a Volume, X-ray images as pixels.

A series is placed by Image Position (Patient), Image Orientation (Patient) and Pixel Spacing (DICOM PS3.3,
C.7.6.2.1.1). Its slices are ordered along their normal, never by file name or instance number.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from fluoropose.arrays import Float64
from fluoropose.errors import FrameError, VolumeError
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.io.dicom_bounds import MAX_PIXELS, ImageBounds, open_dicom_image
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.xray_pixels import xray_pixels

__all__ = ["read_dicom_frame", "read_dicom_run", "read_dicom_series"]

_AIR_HU = -1000.0
_TILT_DEG = 0.5
"""The largest gantry tilt accepted; it shears the volume, and half a degree is 4 mm over 500 mm."""

_GAP_SHARE = 0.05
"""Distances between slices may differ from the median distance by at most this share of it."""

_MAX_FRAMES = 10_000
"""The most frames of a run: five minutes at 30 frames per second."""

MAX_UNZIPPED_BYTES = 4 * 2**30
"""A larger archive is refused: no CT series has this size."""


def read_dicom_series(path: Path) -> Volume:
    """Return the CT in HU in a folder or a zip archive.

    Raises
    ------
    VolumeError
        If there is no CT slice, a single one, or more than one series; if a slice has no position, orientation or
        spacing, or another size than the rest; if a slice is missing or doubled; or if the gantry was tilted. The
        message says which, with the figure.
    """
    with translate_faults(VolumeError, f"a DICOM CT series in {path.name}"):
        return _read_series(path)


def _read_series(path: Path) -> Volume:
    slices = list(_ct_slices(path))
    if not slices:
        raise VolumeError(f"expected a DICOM CT series in {path.name}, got no CT image")
    _require_one_series(slices)
    if len(slices) < 2:
        raise VolumeError("expected a CT series of at least 2 slices, got one slice")
    row_direction, column_direction = _directions(slices[0])
    normal = np.cross(row_direction, column_direction)
    slices.sort(key=lambda item: float(_position(item) @ normal))
    spacing = _pixel_spacing(slices[0])
    step = _slice_step(slices, normal)
    values = np.stack([_hounsfield(item).T for item in slices], axis=-1)
    lps_from_index = np.eye(4)
    lps_from_index[:3, 0] = row_direction * spacing[1]
    lps_from_index[:3, 1] = column_direction * spacing[0]
    lps_from_index[:3, 2] = step
    lps_from_index[:3, 3] = _position(slices[0])
    return check_volume(Volume(values, lps_from_index))


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


def _read_run(data: bytes) -> tuple[list[NDArray[Any]], float | None]:
    dataset = open_dicom_image(data, ImageBounds(MAX_PIXELS, _MAX_FRAMES))
    pixels = _decode_pixels(dataset)
    if pixels.ndim not in (2, 3) or int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise FrameError(f"expected greyscale frames, got pixels of shape {pixels.shape}")
    rate = dataset.get("CineRate") or dataset.get("RecommendedDisplayFrameRate")
    if not rate and dataset.get("FrameTime"):
        rate = 1000.0 / float(dataset.FrameTime)
    frames = [np.ascontiguousarray(frame) for frame in pixels.reshape(-1, *pixels.shape[-2:])]
    return frames, float(rate) if rate else None


def _decode_pixels(dataset: Any, number: int | None = None) -> NDArray[Any]:
    try:
        return xray_pixels(dataset, number)
    except FrameError:
        raise
    except Exception as error:
        raise FrameError(f"expected a DICOM image, got: {str(error)[:200]}") from error


def _ct_slices(path: Path) -> Iterator[Any]:
    for name, data in _files(path):
        try:
            dataset = pydicom.dcmread(io.BytesIO(data))
        except (InvalidDicomError, EOFError, ValueError, AttributeError):
            continue
        if getattr(dataset, "Modality", None) == "CT" and "PixelData" in dataset:
            if "ImagePositionPatient" not in dataset:
                raise VolumeError(f"expected Image Position (Patient) in every slice, got none in {name}")
            yield dataset


def _files(path: Path) -> Iterable[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                yield file.name, file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
            if total > MAX_UNZIPPED_BYTES:
                raise VolumeError(f"expected an archive of at most {MAX_UNZIPPED_BYTES} bytes, got {total}")
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, archive.read(info)
    except FileNotFoundError as error:
        raise VolumeError(f"expected a DICOM folder or zip, got no {path}") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise VolumeError(f"expected a DICOM folder or zip in {path.name}, got: {error}") from error


def _require_one_series(slices: list[Any]) -> None:
    series = {str(getattr(item, "SeriesInstanceUID", "")) for item in slices}
    if len(series) > 1:
        raise VolumeError(f"expected one CT series, got {len(series)} mixed in one place")
    shapes = {(int(item.Rows), int(item.Columns)) for item in slices}
    if len(shapes) > 1:
        raise VolumeError(f"expected slices of one size, got {sorted(shapes)}")
    directions = np.array([_cosines(item) for item in slices])
    if np.abs(directions - directions[0]).max() > 1e-3:
        raise VolumeError("expected slices of one orientation, got several")


def _cosines(dataset: Any) -> Float64:
    if "ImageOrientationPatient" not in dataset:
        raise VolumeError("expected Image Orientation (Patient) in every slice, got none")
    return np.array([float(value) for value in dataset.ImageOrientationPatient])


def _directions(dataset: Any) -> tuple[Float64, Float64]:
    cosines = _cosines(dataset)
    return cosines[:3] / np.linalg.norm(cosines[:3]), cosines[3:] / np.linalg.norm(cosines[3:])


def _position(dataset: Any) -> Float64:
    return np.array([float(value) for value in dataset.ImagePositionPatient])


def _pixel_spacing(dataset: Any) -> tuple[float, float]:
    spacing = getattr(dataset, "PixelSpacing", None)
    if spacing is None or len(spacing) != 2 or min(float(value) for value in spacing) <= 0:
        raise VolumeError(f"expected a positive Pixel Spacing, got {spacing}")
    return float(spacing[0]), float(spacing[1])


def _slice_step(slices: list[Any], normal: Float64) -> Float64:
    """Return the vector in mm from one slice to the next; raise VolumeError if the spacing is uneven or sheared."""
    positions = np.array([_position(item) for item in slices])
    steps = np.diff(positions, axis=0)
    heights = steps @ normal
    median = float(np.median(heights))
    if median <= 0 or heights.min() < 1e-3:
        raise VolumeError("expected every slice at its own position, got two at the same")
    worst = float(np.abs(heights - median).max())
    if worst > _GAP_SHARE * median:
        raise VolumeError(
            f"expected slices every {median:.3f} mm, got a distance {worst:.3f} mm off: a slice is missing"
        )
    tilt = float(np.rad2deg(np.arccos(np.clip(median / np.linalg.norm(steps.mean(axis=0)), -1.0, 1.0))))
    if tilt > _TILT_DEG:
        raise VolumeError(f"expected slices stacked along their normal, got a gantry tilt of {tilt:.1f} degrees")
    return np.asarray((positions[-1] - positions[0]) / (len(slices) - 1))


def _hounsfield(dataset: Any) -> NDArray[np.float32]:
    raw = dataset.pixel_array
    values = raw.astype(np.float32) * float(getattr(dataset, "RescaleSlope", 1.0))
    values += float(getattr(dataset, "RescaleIntercept", 0.0))
    padding = getattr(dataset, "PixelPaddingValue", None)
    if padding is not None:
        values[raw == int(padding)] = _AIR_HU
    return np.maximum(values, np.float32(-1024.0))
