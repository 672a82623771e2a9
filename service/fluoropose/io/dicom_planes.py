"""DICOM data sets as planes of one CT: each frame's place, size and values, by whichever attributes tell them.

Classic images hold them at the top (PS3.3 C.7.6.2), enhanced and multi-frame images in functional groups, shared by all
frames or per frame (PS3.3 C.7.6.16). Missing, empty and impossible attributes are refused by name, with the file's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.multival import MultiValue

from fluoropose.arrays import Float64, Vec3
from fluoropose.errors import VolumeError

__all__ = ["CONE_BEAM_CLASSES", "Plane", "is_localizer", "is_volume_image", "list_planes", "numbers_of"]

CONE_BEAM_CLASSES = ("1.2.840.10008.5.1.4.1.1.13.1.1", "1.2.840.10008.5.1.4.1.1.13.1.2")
"""SOP classes (PS3.4 B.5) of X-ray 3D angiographic and craniofacial images."""

_VOLUME_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2",  # legacy converted enhanced CT
    *CONE_BEAM_CLASSES,
)

_MOST = 65535
"""The most rows, columns and frames of an image."""

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One slice of a CT.

    Attributes
    ----------
    name : the file's, with the frame's number if it has several
    dataset, frame : where its pixels are
    row_direction, column_direction : unit vectors in LPS along increasing column and increasing row, shape (3,)
    position_mm : the centre of its first pixel in LPS, shape (3,)
    spacing_mm : the distance between rows, then between columns
    shape : rows, columns
    slope, intercept : HU of a stored value
    """

    name: str
    dataset: Any
    frame: int
    row_direction: Vec3
    column_direction: Vec3
    position_mm: Vec3
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]
    slope: float
    intercept: float

    @property
    def normal(self) -> Vec3:
        """The unit vector across the plane, shape (3,)."""
        return np.cross(self.row_direction, self.column_direction)


def is_volume_image(dataset: Any) -> bool:
    """Return whether a data set is a picture of computed tomography."""
    of_another = str(dataset.get("Modality", "")) in ("MR", "NM", "PT", "US")
    known = str(dataset.get("SOPClassUID", "")) in _VOLUME_CLASSES and not of_another
    pixels = any(name in dataset for name in _PIXELS)
    if str(dataset.get("Modality", "")) != "CT" or not pixels:
        return known and pixels
    # A dose report or a screen that was captured says CT too, and has no place in the patient.
    secondary = str(dataset.get("SOPClassUID", "")).startswith("1.2.840.10008.5.1.4.1.1.7")
    return not (secondary and "ImagePositionPatient" not in dataset)


def is_localizer(dataset: Any) -> bool:
    """Return whether an image is a localizer (scout, topogram), which its Image Type says (PS3.3 C.8.2.1.1.1)."""
    kinds = dataset.get("ImageType")
    return isinstance(kinds, Sequence) and any(str(kind).upper() == "LOCALIZER" for kind in kinds)


def list_planes(name: str, dataset: Any) -> list[Plane]:
    """Return the planes of a CT image, one for each frame.

    Raises
    ------
    VolumeError
        If an attribute is missing, empty or impossible: its name, its value and the file's name are told.
    """
    frames = int(_one(dataset, "NumberOfFrames", name, 1.0))
    shape = (int(_one(dataset, "Rows", name)), int(_one(dataset, "Columns", name)))
    if min(*shape, frames) < 1 or max(*shape, frames) > _MOST:
        raise VolumeError(f"expected Rows, Columns and frames of 1 to {_MOST} in {name}, got {shape} and {frames}")
    samples = int(_one(dataset, "SamplesPerPixel", name, 1.0))
    if samples != 1:
        raise VolumeError(f"expected Samples per Pixel 1 (grey values) in {name}, got {samples}: a colour picture")
    return [_plane(name, dataset, frame, frames, shape) for frame in range(frames)]


def numbers_of(value: Any, tag: str, name: str, count: int) -> Float64:
    """Return an attribute's `count` finite numbers, or raise VolumeError with its name and the file's."""
    given = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    try:
        numbers = np.array([float(one) for one in given], np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    if len(numbers) != count or not np.isfinite(numbers).all():
        words = f"{count} numbers" if count > 1 else "a number"
        raise VolumeError(f"expected {words} as {_spaced(tag)} in {name}, got {_shown(value)}")
    return numbers


def _plane(name: str, dataset: Any, frame: int, frames: int, shape: tuple[int, int]) -> Plane:
    name = name if frames == 1 else f"{name}, frame {frame + 1}"
    own, rest = _groups(dataset, frame)
    places, position = [*own, *rest], _position(own, rest, name, frames)
    cosines = numbers_of(_find(places, "ImageOrientationPatient", name), "ImageOrientationPatient", name, 6)
    row, column = cosines[:3], cosines[3:]
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if min(lengths) < 0.5 or abs(float(row @ column)) > 1e-2 * lengths[0] * lengths[1]:
        raise VolumeError(
            f"expected two directions at a right angle as Image Orientation (Patient) in {name}, got {cosines.tolist()}"
        )
    spacing = numbers_of(_find(places, "PixelSpacing", name), "PixelSpacing", name, 2)
    if spacing.min() <= 0:
        raise VolumeError(f"expected a positive Pixel Spacing in {name}, got {spacing.tolist()}")
    slope = float(numbers_of(_find(places, "RescaleSlope", name, 1.0), "RescaleSlope", name, 1)[0])
    intercept = float(numbers_of(_find(places, "RescaleIntercept", name, 0.0), "RescaleIntercept", name, 1)[0])
    if slope == 0.0:
        raise VolumeError(f"expected a Rescale Slope other than 0 in {name}, got 0")
    spacing_mm = (float(spacing[0]), float(spacing[1]))
    return Plane(
        name, dataset, frame, row / lengths[0], column / lengths[1], position, spacing_mm, shape, slope, intercept
    )


def _groups(dataset: Any, frame: int) -> tuple[list[Any], list[Any]]:
    """Return the data sets that may hold a frame's attributes: its own groups; the shared ones and the image itself."""
    per_frame: Sequence[Any] = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared: Sequence[Any] = dataset.get("SharedFunctionalGroupsSequence") or ()
    own = _items(per_frame[frame]) if frame < len(per_frame) else []
    return own, [*(_items(shared[0]) if len(shared) else []), dataset]


def _items(group: Any) -> list[Any]:
    return [element.value[0] for element in group if element.VR == "SQ" and len(element.value)]


def _find(places: list[Any], tag: str, name: str, default: float | None = None) -> Any:
    """Return the value of an attribute in the first place that has it."""
    for place in places:
        if tag in place:
            return place[tag].value
    if default is None:
        raise VolumeError(f"expected {_spaced(tag)} in {name}, got none")
    return default


def _position(own: list[Any], rest: list[Any], name: str, frames: int) -> Vec3:
    """Return where a frame lies. The image's own position places only an image of one frame."""
    tag = "ImagePositionPatient"
    places = own if frames > 1 else [*own, *rest]
    if frames > 1 and not any(tag in place for place in places):
        raise VolumeError(
            f"expected Image Position (Patient) of every frame in {name}, got none: this multi-frame image of {frames} "
            "frames does not tell where they lie; export it as single slices or as NIfTI"
        )
    return numbers_of(_find(places, tag, name), tag, name, 3)


def _one(dataset: Any, tag: str, name: str, default: float | None = None) -> float:
    if tag not in dataset:
        if default is None:
            raise VolumeError(f"expected {_spaced(tag)} in {name}, got none")
        return default
    return float(numbers_of(dataset[tag].value, tag, name, 1)[0])


def _spaced(tag: str) -> str:
    """Return a keyword as words: ImagePositionPatient becomes Image Position (Patient)."""
    words = "".join(f" {c}" if c.isupper() else c for c in tag).strip()
    return words.replace(" Patient", " (Patient)") if tag.endswith("Patient") else words.replace(" Of ", " of ")


def _shown(value: Any) -> str:
    text = "nothing" if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0) else str(value)
    return text[:80]
