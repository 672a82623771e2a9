"""Reading and writing of NIfTI-1 and -2. Its world frame is RAS, ours LPS: x and y change sign here, nowhere else."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel
import nibabel.imageglobals
import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.imaging.volume_limits import check_anatomy, check_shape, fill_background
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.volume_reading import VolumeReading

__all__ = ["read_nifti", "write_nifti"]

_LOGGER = nibabel.imageglobals.logger
_LOGGER.handlers.clear()
_LOGGER.propagate = False
_MOST_COMPLAINTS = 5

_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

_UNITS_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
"""Millimetres of nibabel's names of the header's units (nifti1.h, xyzt_units)."""

_FORMS_DIFFER = 0.01
"""The two placements of a header contradict each other if they differ by more than this share of a voxel's side."""


def read_nifti(path: Path) -> VolumeReading:
    """Return the volume in a .nii or .nii.gz file, its values scaled and its lengths in the unit that the header says.

    Raises
    ------
    VolumeError
        If the file is missing, not NIfTI, truncated, without a positive spacing, not 3-D, or if its header has no
        placement (both form codes 0), so that left and right are not known.
    """
    with translate_faults(VolumeError, f"a NIfTI file in {path.name}"), _complaints() as said:
        image: Any = nibabel.load(path)
        header = image.header
        if not isinstance(header, nibabel.Nifti1Header):
            raise VolumeError(f"expected a NIfTI file in {path.name}, got {type(image).__name__}")
        shape = check_shape(image.shape, path.name)
        affine, findings = _placement(header, path.name)
        dtype = header.get_data_dtype()
        if dtype.kind not in "uif":
            raise VolumeError(f"expected one number per voxel in {path.name}, got {dtype}")
        values = np.asarray(image.dataobj, dtype=np.float32).reshape(shape)
        values, filled = fill_background(values, path.name)
        volume = check_anatomy(check_volume(Volume(values, _LPS_FROM_RAS @ affine)), path.name)
    facts = {
        "stored_as": str(header.get_data_dtype()),
        "unit": header.get_xyzt_units()[0],
        "qform_code": int(header["qform_code"]),
        "sform_code": int(header["sform_code"]),
    }
    kind = "NIfTI-2" if isinstance(header, nibabel.Nifti2Header) else "NIfTI"
    mended = [Finding("header-mended", "note", f"the header is not as the standard has it: {one}") for one in said]
    return VolumeReading(volume, kind, (*findings, *filled, *mended[:_MOST_COMPLAINTS]), facts)


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Give what nibabel complains of in the block, in this thread; it would print that on standard error."""
    said: list[str] = []
    here = threading.get_ident()
    listener = logging.Handler()
    listener.emit = lambda record: said.append(record.getMessage()) if record.thread == here else None  # type: ignore[method-assign]
    _LOGGER.addHandler(listener)
    try:
        yield said
    finally:
        _LOGGER.removeHandler(listener)


def _placement(header: Any, name: str) -> tuple[Mat44, tuple[Finding, ...]]:
    """Return RAS mm from index, and what the header leaves open."""
    zooms = header.get_zooms()[:3]
    if len(zooms) == 3 and not min(zooms) > 0:
        raise VolumeError(f"expected a positive voxel spacing in {name}, got {tuple(float(zoom) for zoom in zooms)}")
    sform, s_code = header.get_sform(coded=True)
    qform, q_code = header.get_qform(coded=True)
    if sform is None and qform is None:
        raise VolumeError(
            f"expected qform_code or sform_code above 0 in {name}, got 0 for both: the header does not tell left from "
            "right; save it with a placement"
        )
    affine = np.asarray(qform if sform is None else sform, np.float64).copy()
    findings = []
    unit = header.get_xyzt_units()[0]
    if unit not in _UNITS_MM:
        raise VolumeError(f"expected a length unit of mm, metre or micron in {name} (xyzt_units), got {unit}")
    if unit == "unknown":
        findings.append(Finding("unit-unknown", "note", "the header tells no unit of length: it is taken as mm", 0.5))
    if sform is not None and qform is not None:
        away = float(np.abs(np.asarray(sform) - np.asarray(qform))[:3].max())
        if away > max(_FORMS_DIFFER * float(min(zooms)), 1e-3):
            text = f"sform (code {s_code}) and qform (code {q_code}) differ by up to {away:.3g}: sform was taken"
            findings.append(Finding("forms-differ", "warning", text))
    affine[:3] *= _UNITS_MM[unit]
    if unit in ("meter", "micron"):
        findings.append(Finding("unit", "note", f"the header's unit is {unit}: lengths were turned into mm"))
    return affine, tuple(findings)


def write_nifti(path: Path, volume: Volume) -> None:
    """Write a volume as NIfTI with float32 values, in mm, placed as scanner coordinates."""
    image = nibabel.Nifti1Image(volume.values, _LPS_FROM_RAS @ volume.lps_from_index)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    nibabel.save(image, path)
