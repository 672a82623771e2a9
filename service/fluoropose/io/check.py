"""The doctor: looks at a volume, a mesh, frames or a geometry and says what was understood and what looks wrong."""

from collections.abc import Callable
from pathlib import Path

from fluoropose.errors import FluoroposeError, InputError
from fluoropose.io.check_kinds import check_frames, check_geometry, check_mesh, check_volume_file
from fluoropose.io.check_report import CheckReport, failed_report
from fluoropose.io.dicom_files import parse_dicom
from fluoropose.io.dicom_planes import is_volume_image
from fluoropose.io.first_bytes import is_dicom
from fluoropose.io.mesh_files import MESH_SUFFIXES
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.video import VIDEO_SUFFIXES

__all__ = ["check_path", "what_is"]

_CHECKS: dict[str, Callable[[Path, int | None], CheckReport]] = {
    "volume": lambda path, _: check_volume_file(path),
    "mesh": lambda path, _: check_mesh(path),
    "frame": check_frames,
    "geometry": lambda path, _: check_geometry(path),
}
"""By kind, given the path and the number of a frame."""

_ENDINGS = {
    "volume": (".zip", ".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd"),
    "mesh": MESH_SUFFIXES,
    "frame": (".png", ".tif", ".tiff", ".npy", ".jpg", ".jpeg", *VIDEO_SUFFIXES),
    "geometry": (".json", ".txt", ".csv", ".xml", ".toml"),
}


def check_path(path: Path, number: int | None = None) -> CheckReport:
    """Return the report of a file or a folder; one that cannot be used is a report with an error, not an exception.

    Runs of frames are judged by frame `number` from 0, by default by the middle one.
    """
    what = "unknown"
    try:
        with translate_faults(InputError, f"something that can be checked in {path.name}"):
            what = what_is(path)
            return _CHECKS[what](path, number)
    except FluoroposeError as error:
        return failed_report(path.name, what, error)


def what_is(path: Path) -> str:
    """Return "volume", "mesh", "frame" or "geometry", by the name or, of DICOM, by the content.

    Raises
    ------
    InputError
        If nothing is there, or nothing tells what it is.
    """
    if not path.exists():
        raise InputError(f"expected a file or a folder, got no {path}")
    if path.is_dir():
        pictures = any(item.suffix.lower() in _ENDINGS["frame"] for item in path.iterdir() if item.is_file())
        return "frame" if pictures else "volume"
    for what, endings in _ENDINGS.items():
        if path.name.lower().endswith(endings):
            return what
    data = path.read_bytes()
    if is_dicom(data) or path.suffix.lower() in (".dcm", ".ima", ".dicom"):
        return "volume" if is_volume_image(parse_dicom(data)) else "frame"
    raise InputError(f"expected a volume, a mesh, a frame or a geometry, got {path.name}, whose ending tells none")
