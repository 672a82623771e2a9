"""Reading of a DICOM CT: a folder, a zip or one multi-frame file, in any order, as a volume in HU.

A series is placed by Image Position (Patient), Image Orientation (Patient) and Pixel Spacing (DICOM PS3.3,
C.7.6.2.1.1). What is beside it in the folder (localizers, reports, other files) is left out and named.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.imaging.volume_limits import check_anatomy, check_shape
from fluoropose.io.dicom_files import FolderContents, name_some, read_contents
from fluoropose.io.dicom_pixels import PlaneDecoder
from fluoropose.io.dicom_planes import CONE_BEAM_CLASSES, Plane, is_localizer, is_volume_image, list_planes
from fluoropose.io.dicom_stack import Stack, stack_planes
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.volume_reading import VolumeReading

__all__ = ["read_dicom_series"]


def read_dicom_series(path: Path) -> VolumeReading:
    """Return the CT in HU in a folder, a zip archive or a file, and what was left out of it.

    Raises
    ------
    VolumeError
        If there is no CT slice, a single one, or more than one series; if a slice cannot be read, or has no position,
        orientation, spacing or rescaling that can be meant; if one is missing or differs from the rest. The message
        says which file and which attribute.
    """
    with translate_faults(VolumeError, f"a DICOM CT series in {path.name}"):
        contents = read_contents(path)
        images, left_out = _choose(contents, path.name)
        # Before the stack: a slice that cannot be read would be called a missing one.
        unread = contents.require_readable(list(images))
        stack = stack_planes([plane for name, item in images.items() for plane in list_planes(name, item)])
        return _read_stack(stack, (*unread, *left_out, *stack.findings), path.name)


def _choose(contents: FolderContents, place: str) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Return the images of the one CT series there is, and what else there was."""
    images, localizers, others = {}, [], []
    for name, dataset in contents.datasets.items():
        if not is_volume_image(dataset):
            others.append((name, _kind(dataset)))
        elif is_localizer(dataset):
            localizers.append(name)
        else:
            images[name] = dataset
    if not images:
        raise VolumeError(
            f"expected a DICOM CT series in {place}, got no CT image; {_inventory(contents, others, localizers)}"
        )
    _require_one_series(images)
    findings = []
    if localizers:
        findings.append(Finding("localizer", "note", f"left out, a localizer: {name_some(localizers)}"))
    if others:
        named = name_some([f"{name} ({kind})" for name, kind in others])
        findings.append(Finding("not-ct", "note", f"left out, not a CT image: {named}"))
    return images, tuple(findings)


def _require_one_series(images: dict[str, Any]) -> None:
    counts = Counter(str(item.get("SeriesInstanceUID", "")) for item in images.values())
    if len(counts) == 1:
        return
    first = {str(item.get("SeriesInstanceUID", "")): item for item in reversed(images.values())}
    words = "; ".join(
        f"{count} image{'' if count == 1 else 's'} of {str(first[uid].get('SeriesDescription', '')) or 'series ' + uid}"
        for uid, count in counts.most_common(5)
    )
    raise VolumeError(f"expected one CT series, got {len(counts)} mixed in one place: {words}; keep one of them")


def _read_stack(stack: Stack, findings: tuple[Finding, ...], name: str) -> VolumeReading:
    planes, decoder = stack.planes, PlaneDecoder()
    rows, columns = planes[0].shape
    shape = check_shape((columns, rows, len(planes)), name)
    values = np.empty(shape, np.float32, order="F")
    for n, plane in enumerate(planes):
        values[:, :, n] = decoder.hounsfield(plane).T
    values = np.ascontiguousarray(values)
    volume = check_anatomy(check_volume(Volume(values, stack.lps_from_index)), name)
    return VolumeReading(
        volume, _kind(planes[0].dataset), (*findings, *_doubts(planes)), _facts(planes, decoder.padded)
    )


def _doubts(planes: tuple[Plane, ...]) -> list[Finding]:
    """Return what a series leaves open."""
    found = []
    if not any(
        "RescaleIntercept" in plane.dataset or "SharedFunctionalGroupsSequence" in plane.dataset for plane in planes
    ):
        text = "no Rescale Intercept in the files: stored values are taken as HU"
        found.append(Finding("no-rescale", "warning", text))
    unit = str(planes[0].dataset.get("RescaleType", "") or "HU").upper()
    if unit not in ("HU", "US"):
        text = f"the files say that their values are {unit}, not HU"
        found.append(Finding("not-hu", "warning", text))
    if str(planes[0].dataset.get("SOPClassUID", "")) in CONE_BEAM_CLASSES:
        text = "a cone-beam CT: its values are HU only roughly, and thresholds in HU may not fit"
        found.append(Finding("cone-beam", "warning", text))
    rescales = {(plane.slope, plane.intercept) for plane in planes}
    if len({intercept for _, intercept in rescales}) > 1:
        text = f"the slices have {len(rescales)} different rescalings; each was rescaled by its own"
        found.append(Finding("mixed-rescale", "note", text))
    return found


def _facts(planes: tuple[Plane, ...], padded: int) -> dict[str, Any]:
    item = planes[0].dataset
    texts = {name: str(item.get(name, "")) for name in ("SeriesDescription", "Manufacturer", "ConvolutionKernel")}
    return {
        "slices": len(planes),
        "transfer_syntax": str(item.file_meta.TransferSyntaxUID.name),
        "padded_voxels": padded,
        **{name: text for name, text in texts.items() if text},
    }


def _kind(dataset: Any) -> str:
    uid = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or ""
    name = getattr(uid, "name", "") or str(dataset.get("Modality", "")) or "unknown"
    return f"DICOM {name}"


def _inventory(contents: FolderContents, others: list[tuple[str, str]], localizers: list[str]) -> str:
    """Return what is there instead of a CT, in words."""
    kinds = Counter(kind for _, kind in others)
    kinds.update({"DICOM localizer": len(localizers)} if localizers else {})
    kinds.update(f"not DICOM ({why})" for why in contents.others.values())
    return "it holds " + (", ".join(f"{count} x {kind}" for kind, count in kinds.most_common(5)) or "no file")
