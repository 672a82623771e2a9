"""A pose as DICOM Spatial Registration (PS3.3, C.20.2): the CT's frame of reference in that of the camera or world."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SpatialRegistrationStorage, generate_uid

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.rigid import check_rigid

__all__ = ["RegistrationHeader", "pose_from_registration", "registration_bytes"]

_DECIMALS = 13


@dataclass(frozen=True, slots=True)
class RegistrationHeader:
    """Whose images are registered: the frames of reference and the study; what is empty is made anew.

    `volume_uid` is the Frame of Reference UID of the CT, `target_uid` that of the camera's or world's frame.
    """

    volume_uid: str = ""
    target_uid: str = ""
    study_uid: str = ""
    patient_id: str = ""
    patient_name: str = ""
    made_at: datetime = datetime(2000, 1, 1)


def registration_bytes(target_from_volume: Mat44, header: RegistrationHeader) -> bytes:
    """Return a DICOM file whose one registration takes points of the CT's frame of reference to the target's."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SpatialRegistrationStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    item.SOPClassUID, item.SOPInstanceUID = SpatialRegistrationStorage, meta.MediaStorageSOPInstanceUID
    item.Modality, item.Manufacturer, item.SeriesDescription = "REG", "fluoropose", "2D/3D registration"
    item.PatientID, item.PatientName = header.patient_id, header.patient_name
    item.PatientBirthDate = item.PatientSex = item.AccessionNumber = item.ReferringPhysicianName = item.StudyID = ""
    item.StudyInstanceUID, item.SeriesInstanceUID = header.study_uid or generate_uid(), generate_uid()
    item.FrameOfReferenceUID = header.target_uid or generate_uid()
    item.PositionReferenceIndicator = ""
    item.SeriesNumber = item.InstanceNumber = "1"
    item.ContentLabel, item.ContentDescription, item.ContentCreatorName = "REGISTRATION", "", ""
    item.ContentDate = item.StudyDate = item.SeriesDate = header.made_at.strftime("%Y%m%d")
    item.ContentTime = item.StudyTime = item.SeriesTime = header.made_at.strftime("%H%M%S")
    fixed = _registration(item.FrameOfReferenceUID, np.eye(4))
    item.RegistrationSequence = [fixed, _registration(header.volume_uid or generate_uid(), target_from_volume)]
    stream = io.BytesIO()
    item.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def pose_from_registration(data: bytes) -> tuple[Mat44, str, str]:
    """Return target_from_volume, the CT's Frame of Reference UID and the target's, of a file with one moving image.

    Raises
    ------
    InputError, GeometryError
        If the bytes are no such file, or the matrix is not rigid.
    """
    try:
        item = dcmread(io.BytesIO(data))
        target = str(item.FrameOfReferenceUID)
        moving = [one for one in item.RegistrationSequence if str(one.FrameOfReferenceUID) != target]
        numbers = _matrix_of(moving[0])
    except Exception as error:
        raise InputError(f"expected a DICOM Spatial Registration, got: {str(error)[:200]}") from error
    pose = check_rigid(np.reshape(numbers, (4, 4)), "Frame of Reference Transformation Matrix")
    return pose, str(moving[0].FrameOfReferenceUID), target


def _registration(uid: str, target_from_frame: Mat44) -> Dataset:
    matrix = Dataset()
    matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
    matrix.FrameOfReferenceTransformationMatrix = [_decimal(float(one)) for one in target_from_frame.ravel()]
    step = Dataset()
    step.MatrixSequence = [matrix]
    step.FrameOfReferenceTransformationComment = ""
    step.RegistrationTypeCodeSequence = []
    one = Dataset()
    one.FrameOfReferenceUID = uid
    one.MatrixRegistrationSequence = [step]
    return one


def _matrix_of(one: Dataset) -> Sequence[float]:
    return [
        float(number)
        for number in one.MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix
    ]


def _decimal(number: float) -> str:
    """Return a number in at most the 16 characters of a decimal string."""
    text = f"{number:.{_DECIMALS}f}"[:16].rstrip("0").rstrip(".")
    return "0" if text in ("", "-", "-0") else text
