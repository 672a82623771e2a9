"""Pictures of the study on the small object."""

import numpy as np

from fluoropose.evaluation.studies.wrist.pictures import draw_single, pair_panels
from fluoropose.evaluation.trials import Truth
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.registration.result import FrameView

CAMERA = camera_from_detector(720, 720, row_spacing_mm=0.3, column_spacing_mm=0.3, source_to_detector_mm=1100.0)


def test_a_single_view_is_cut_about_the_object(small_case, pose, tmp_path):
    truth = Truth(np.zeros((720, 720), np.uint16), pose)
    path = tmp_path / "cam01_0002_found.webp"
    picture = draw_single(path, small_case, CAMERA, truth, (pose, pose), 0.5)
    assert picture.shape == (300, 3 * 300, 3)
    assert path.read_bytes()[8:12] == b"WEBP"


def test_a_view_of_a_pair_shows_every_third_pixel(small_case, pose):
    view = FrameView(np.zeros((720, 720), np.uint16), PlacedCamera(CAMERA), "cam01")
    assert pair_panels(small_case, view, (pose, pose, pose), 0.5).shape == (240, 3 * 240, 3)
