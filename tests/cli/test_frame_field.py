"""The mask of a camera from the files of its frames."""

import numpy as np
import pytest

from fluoropose.cli.frame_field import frame_field, with_frame_field
from fluoropose.errors import FrameError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import PlacedCamera
from support.dicom import xray_bytes

CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [21, 31], "RadiusOfCircularShutter": 15}
PLACED = PlacedCamera(
    camera_from_detector(40, 60, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1000.0)
)


@pytest.fixture
def frames(tmp_path):
    (tmp_path / "run").mkdir()
    for name, fields in (("a.dcm", CIRCLE), ("b.dcm", {})):
        (tmp_path / "run" / name).write_bytes(xray_bytes(np.zeros((2, 40, 60)), **fields))
    np.save(tmp_path / "f.npy", np.zeros((40, 60), np.uint8))
    return tmp_path


def test_shutters_become_the_mask(frames):
    masked = with_frame_field(PLACED, frames / "run" / "a.dcm", 1)
    assert masked.mask == FieldMask((30.0, 20.0, 15.0))
    shown = masked.mask.shown(40, 60)
    assert shown[20, 44] and not shown[20, 46]
    assert with_frame_field(PLACED, frames / "run").mask == masked.mask


def test_nothing_else_does(frames):
    for path in (frames / "run" / "b.dcm", frames / "f.npy"):
        assert frame_field(path) is None
        assert with_frame_field(PLACED, path) is PLACED


def test_a_mask_of_the_cameras_file_stays(frames):
    given = PlacedCamera(PLACED.camera, mask=FieldMask((1.0, 2.0, 3.0)))
    assert with_frame_field(given, frames / "run" / "a.dcm") is given


def test_a_shutter_without_numbers_is_refused_by_name(frames):
    (frames / "bad.dcm").write_bytes(xray_bytes(np.zeros((1, 40, 60)), ShutterShape="CIRCULAR"))
    with pytest.raises(FrameError, match="CenterOfCircularShutter"):
        frame_field(frames / "bad.dcm")
