"""The recording: a rigid calibration whose rays meet, and a bone that fades out before its cut."""

import numpy as np
import pytest

from fluoropose.evaluation.studies.wrist.recording import (
    CAMERAS,
    CLICKS_PX,
    FRAMES,
    clicked_point,
    read_frame,
    read_placed_camera,
    read_radius,
)


@pytest.mark.data
def test_the_calibration_is_rigid_and_its_rays_meet(data):
    for name in CAMERAS:
        placed = read_placed_camera(data / "wrist", name)
        assert (placed.camera.rows, placed.camera.columns) == (1760, 1760)
        rotation = placed.camera_from_world[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)
        assert np.linalg.det(rotation) > 0
    # Where the frames' notes put the bone: near (109, 157, 90) mm, 15 mm about it.
    centre = clicked_point(data / "wrist", CLICKS_PX["0099"])
    assert np.linalg.norm(centre - [109.0, 157.0, 90.0]) < 20.0


@pytest.mark.data
def test_the_radius_fades_out_before_its_cut(data):
    values = read_radius(data / "wrist").values
    assert values.shape == (68, 86, 128)
    assert values[:, :, :60].max() > 0.03
    assert not values[:, :, 105:].any()


@pytest.mark.data
def test_frames_have_their_cameras_size(data):
    for name in CAMERAS:
        for frame in FRAMES:
            assert read_frame(data / "wrist", name, frame).shape[:2] == (1760, 1760)


def test_a_calibration_file_is_read_by_hand(tmp_path):
    text = "\n\n".join([
        "image size\n20,10", "camera matrix\n100,0,9.5\n0,100,4.5\n0,0,1", "rotation\n1,0,0\n0,1,0\n0,0,1",
        "translation\n1\n2\n3",
    ])  # fmt: skip
    (tmp_path / "xr_calib_wrist_cam01.txt").write_text(text)
    placed = read_placed_camera(tmp_path, "cam01")
    assert (placed.camera.rows, placed.camera.columns) == (10, 20)
    np.testing.assert_array_equal(placed.camera_from_world[:3, 3], [1.0, 2.0, 3.0])
