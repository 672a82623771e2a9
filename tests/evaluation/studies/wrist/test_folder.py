"""Where the study keeps what it makes, and what it reads back."""

import json

import numpy as np

from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.transports.http.schemas import camera_json


def test_frames_come_with_the_reference_or_with_the_end_of_the_search(tmp_path, camera):
    folder = WristFolder(tmp_path)
    deeper = np.eye(4)
    deeper[2, 3] = 3.0
    np.save(folder.pixels_file("cam01_0002"), np.zeros((4, 4), np.uint8))
    folder.reference_file("cam01_0002").write_text(json.dumps(deeper.tolist()))
    folder.pose_file("cam01_0002").write_text(json.dumps(np.eye(4).tolist()))
    folder.camera_file("cam01").write_text(json.dumps(camera_json(camera)))
    np.testing.assert_array_equal(folder.load_reference("cam01_0002").camera_from_volume, deeper)
    np.testing.assert_array_equal(folder.load_search_end("cam01_0002").camera_from_volume, np.eye(4))
    np.testing.assert_allclose(folder.load_camera("cam01").intrinsic_matrix, camera.intrinsic_matrix)
