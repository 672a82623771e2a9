"""Poses written to a file in the format of its ending."""

from collections.abc import Callable
from pathlib import Path

from fluoropose.errors import InputError
from fluoropose.io.files import write_file, write_text
from fluoropose.io.pose_export.autoscoper_track import tra_text
from fluoropose.io.pose_export.csv_poses import csv_text
from fluoropose.io.pose_export.dicom_registration import RegistrationHeader, registration_bytes
from fluoropose.io.pose_export.itk_transforms import slicer_text, tfm_text
from fluoropose.io.pose_export.jointtrack_poses import jts_text
from fluoropose.io.pose_export.json_poses import json_text
from fluoropose.io.pose_export.pose_record import PoseRun

__all__ = ["POSE_ENDINGS", "require_pose_ending", "write_poses", "write_transforms"]

_FORMATS: dict[str, Callable[[PoseRun], bytes]] = {
    ".json": lambda run: json_text(run).encode(),
    ".csv": lambda run: csv_text(run).encode(),
    ".slicer.tfm": lambda run: slicer_text(run.only_pose(".slicer.tfm")).encode(),
    ".tfm": lambda run: tfm_text(run.only_pose(".tfm")).encode(),
    ".jts": lambda run: jts_text(run).encode(),
    ".tra": lambda run: tra_text(run).encode(),
    ".dcm": lambda run: registration_bytes(run.only_pose(".dcm"), RegistrationHeader()),
}
POSE_ENDINGS = tuple(_FORMATS)
"""The endings of files that hold poses; .slicer.tfm is what 3D Slicer loads to move a volume to the target."""


def require_pose_ending(path: Path, others: tuple[str, ...] = ()) -> str:
    """Return the ending of a file as this package knows it, or one of `others`; raise InputError for an unknown one."""
    name = path.name.lower()
    for ending in (*_FORMATS, *others):
        if name.endswith(ending):
            return ending
    raise InputError(f"expected a file ending in {', '.join((*_FORMATS, *others))}, got {path.name}")


def write_poses(path: Path, run: PoseRun) -> None:
    """Write a run in the format of the file's ending, whole or not at all.

    Raises
    ------
    InputError
        If the ending is unknown, or the format holds one pose and the run has several or none.
    StorageError
        If the disk refuses.
    """
    data = _FORMATS[require_pose_ending(path)](run)
    write_file(path, lambda part: part.write_bytes(data))


def write_transforms(folder: Path, run: PoseRun, write: Callable[..., str] = tfm_text) -> int:
    """Write one .tfm per frame in which the object was found, `frame_000000.tfm`; return how many there are."""
    found = [(one.frame, one.target_from_volume) for one in run.records if one.target_from_volume is not None]
    for frame, pose in found:
        write_text(folder / f"frame_{frame:06d}.tfm", write(pose))
    return len(found)
