"""Planes of one CT stacked: sorted along their normal, copies dropped, gaps, tilt and jitter measured. Lengths in mm.

Positions come from Image Position (Patient) alone; file names and instance numbers order nothing.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat44, Vec3
from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.io.dicom_planes import Plane

__all__ = ["Stack", "stack_planes"]

_SAME_MM = 1e-3
"""Planes nearer than this lie at one place."""

_GAP_SHARE = 0.05
"""Distances between slices may differ from the median by this share of it."""

_JITTER_MM, _JITTER_SHARE = 0.06, 0.25
"""So may those of slices that all lie within this, and this share of the median, of even places: tables round."""

_MISSING_SHARE = 0.15
"""A distance within this share of a multiple of the median is one where slices are missing."""

_TILT_DEG = 0.5
"""A smaller angle between the stack and the planes' normal is not worth a word: 4 mm over 500 mm."""

_MOST_TILT_DEG = 45.0


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes in order, where they lie, and what was found.

    Attributes
    ----------
    planes : at least two, along their normal
    lps_from_index : takes (column, row, slice) to LPS mm; sheared if the gantry was tilted, so that each voxel is
        where it was measured
    findings : copies that were dropped, a tilt
    """

    planes: tuple[Plane, ...]
    lps_from_index: Mat44
    findings: tuple[Finding, ...]


def stack_planes(planes: list[Plane]) -> Stack:
    """Return planes of one series, stacked.

    Raises
    ------
    VolumeError
        If they differ in size, spacing or orientation, if two different ones lie at one place, if one is missing, or if
        their distances are uneven. The message names files and figures.
    """
    _require_alike(planes)
    normal = planes[0].normal
    planes = sorted(planes, key=lambda plane: float(plane.position_mm @ normal))
    planes, copies = _without_copies(planes, normal)
    if len(planes) < 2:
        raise VolumeError(f"expected a CT series of at least 2 slices, got one slice in {planes[0].name}")
    step, tilt = _step(planes, normal)
    lps_from_index = np.eye(4)
    lps_from_index[:3, 0] = planes[0].row_direction * planes[0].spacing_mm[1]
    lps_from_index[:3, 1] = planes[0].column_direction * planes[0].spacing_mm[0]
    lps_from_index[:3, 2] = step
    lps_from_index[:3, 3] = planes[0].position_mm
    return Stack(tuple(planes), lps_from_index, (*copies, *tilt))


def _require_alike(planes: list[Plane]) -> None:
    shapes = {plane.shape for plane in planes}
    if len(shapes) > 1:
        first, other = planes[0], next(plane for plane in planes if plane.shape != planes[0].shape)
        raise VolumeError(
            f"expected slices of one size, got {first.shape} in {first.name} and {other.shape} in {other.name}"
        )
    for what, words, tolerance in (
        ("row_direction", "one orientation", 1e-3),
        ("column_direction", "one orientation", 1e-3),
        ("spacing_mm", "one Pixel Spacing", 1e-3 * min(planes[0].spacing_mm)),
    ):
        values = np.array([getattr(plane, what) for plane in planes])
        away = np.abs(values - values[0]).max(axis=1)
        if away.max() > tolerance:
            other = planes[int(away.argmax())]
            raise VolumeError(f"expected slices of {words}, got several: {planes[0].name} and {other.name} differ")


def _without_copies(planes: list[Plane], normal: Vec3) -> tuple[list[Plane], tuple[Finding, ...]]:
    """Return sorted planes without those that are there twice; refuse two that differ at one place."""
    kept, copies = [planes[0]], []
    for plane in planes[1:]:
        if float((plane.position_mm - kept[-1].position_mm) @ normal) >= _SAME_MM:
            kept.append(plane)
        elif _same_image(plane, kept[-1]):
            copies.append(plane.name)
        else:
            raise VolumeError(
                f"expected every slice at its own position, got two at the same with other pixels: {kept[-1].name} and "
                f"{plane.name}; are these two phases or reconstructions? Keep one"
            )
    if not copies:
        return kept, ()
    text = f"{len(copies)} slice{'' if len(copies) == 1 else 's'} there twice, one of each was taken: {copies[0]}"
    return kept, (Finding("copies", "note", text + (" and others" if len(copies) > 1 else "")),)


def _same_image(one: Plane, other: Plane) -> bool:
    scaled = (one.slope, one.intercept) == (other.slope, other.intercept)
    return scaled and one.frame == other.frame and _pixel_digest(one) == _pixel_digest(other)


def _pixel_digest(plane: Plane) -> bytes:
    data = plane.dataset.get("PixelData") or plane.dataset.get("FloatPixelData") or b""
    return hashlib.sha256(data).digest()


def _step(planes: list[Plane], normal: Vec3) -> tuple[Float64, tuple[Finding, ...]]:
    """Return the vector from one slice to the next, and a finding if it leans."""
    positions = np.array([plane.position_mm for plane in planes])
    steps = np.diff(positions, axis=0)
    _require_even(planes, steps @ normal)
    mean = (positions[-1] - positions[0]) / (len(planes) - 1)
    fit = positions[0] + np.arange(len(planes))[:, None] * mean
    away = np.abs((positions - fit) - ((positions - fit) @ normal)[:, None] * normal).max(axis=1)
    if away.max() > max(0.5, 0.5 * min(planes[0].spacing_mm)):
        worst = planes[int(away.argmax())]
        raise VolumeError(f"expected slices on one line, got {worst.name} {away.max():.2f} mm beside it")
    tilt = float(np.rad2deg(np.arccos(np.clip(float(mean @ normal) / float(np.linalg.norm(mean)), -1.0, 1.0))))
    if tilt <= _TILT_DEG:
        return mean, ()
    if tilt > _MOST_TILT_DEG:
        raise VolumeError(f"expected slices stacked along their normal, got an angle of {tilt:.1f} degrees to it")
    text = f"the gantry was tilted by {tilt:.1f} degrees: the slices are placed where they were measured"
    return mean, (Finding("gantry-tilt", "note", text),)


def _require_even(planes: list[Plane], heights: Float64) -> None:
    median = float(np.median(heights))
    away = np.abs(heights - median)
    if away.max() <= _GAP_SHARE * median:
        return
    beside = np.append(0.0, np.cumsum(heights - heights.mean()))
    if np.abs(beside).max() <= min(_JITTER_MM, _JITTER_SHARE * median):
        return
    worst = int(away.argmax())
    between = f"between {planes[worst].name} and {planes[worst + 1].name}"
    times = float(heights[worst]) / median
    if times > 1.5 and (np.abs(heights - median) < _GAP_SHARE * median).mean() > 0.5 and _near_whole(times):
        missing = round(times) - 1
        words = "a slice is missing" if missing == 1 else f"{missing} slices are missing"
        raise VolumeError(f"expected slices every {median:.3f} mm, got {heights[worst]:.3f} mm {between}: {words}")
    raise VolumeError(
        f"expected slices at even distances, got {heights.min():.3f} to {heights.max():.3f} mm, the oddest {between}: "
        "uneven gaps; are these two reconstructions, or slices of two thicknesses? Keep one"
    )


def _near_whole(times: float) -> bool:
    return abs(times - round(times)) < _MISSING_SHARE
