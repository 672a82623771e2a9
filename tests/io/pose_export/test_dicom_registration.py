"""Spatial Registration: read back by pydicom, with its frames of reference."""

import io
from datetime import datetime

import pydicom
import pytest
from hypothesis import given, settings

from fluoropose.errors import InputError
from fluoropose.io.pose_export.dicom_registration import (
    RegistrationHeader,
    pose_from_registration,
    registration_bytes,
)
from support.dicom import xray_bytes
from support.pose_runs import poses, require_same_pose, some_run

POSE = some_run().records[2].target_from_volume


@settings(max_examples=50, deadline=None)
@given(poses())
def test_a_pose_comes_back(pose):
    found, _, _ = pose_from_registration(registration_bytes(pose, RegistrationHeader()))
    require_same_pose(found, pose)


def test_frames_of_reference_and_headers_are_those_given():
    header = RegistrationHeader("1.2.3", "1.2.4", "1.2.5", "id 7", "Doe^Jane", datetime(2026, 2, 3, 4, 5, 6))
    data = registration_bytes(POSE, header)
    _, volume, target = pose_from_registration(data)
    assert (volume, target) == ("1.2.3", "1.2.4")
    item = pydicom.dcmread(io.BytesIO(data))
    assert (item.StudyInstanceUID, item.PatientID, item.ContentDate, item.Modality) == (
        "1.2.5",
        "id 7",
        "20260203",
        "REG",
    )
    assert [len(one.MatrixRegistrationSequence) for one in item.RegistrationSequence] == [1, 1]


def test_other_files_are_refused():
    import numpy as np

    for data in (b"hello", xray_bytes(np.zeros((1, 4, 4)))):
        with pytest.raises(InputError, match="expected a DICOM Spatial Registration"):
            pose_from_registration(data)
