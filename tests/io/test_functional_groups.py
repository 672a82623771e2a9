"""Attributes of one frame, of all frames, of the image."""

import io

import numpy as np
import pydicom
import pytest

from fluoropose.io.functional_groups import frame_attribute, frame_items
from support.dicom import enhanced_xa, xray_bytes


@pytest.fixture
def enhanced():
    return pydicom.dcmread(io.BytesIO(enhanced_xa(np.zeros((3, 4, 5)))))


@pytest.mark.parametrize(("frame", "angle"), [(0, 10.0), (2, 30.0), (7, None)])
def test_a_frame_has_its_own_attributes(enhanced, frame, angle):
    assert frame_attribute(enhanced, "PositionerPrimaryAngle", frame) == angle


def test_what_holds_for_all_frames_is_found(enhanced):
    assert frame_attribute(enhanced, "DistanceSourceToDetector", 1) == 1100.0
    assert frame_attribute(enhanced, "Rows") == 4
    assert frame_attribute(enhanced, "PatientOrientation") is None


def test_an_image_without_groups_has_its_own_attributes():
    plain = pydicom.dcmread(io.BytesIO(xray_bytes(np.zeros((1, 4, 5)), PositionerPrimaryAngle=3.0)))
    assert frame_attribute(plain, "PositionerPrimaryAngle") == 3.0
    assert list(frame_items(plain, ("CollimatorShapeSequence",))) == [plain]


def test_items_are_the_images_then_the_frames(enhanced):
    items = list(frame_items(enhanced, ("XRayGeometrySequence", "PositionerPositionSequence"), 1))
    assert items[0] is enhanced
    assert [sorted(item.dir())[0] for item in items[1:]] == ["PositionerPrimaryAngle", "DistanceSourceToDetector"]
