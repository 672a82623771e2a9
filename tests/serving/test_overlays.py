"""Requests of overlays, and the picture over a case."""

import io

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import FrameError, InputError
from fluoropose.serving.camera_request import CameraRequest
from fluoropose.serving.overlays import OverlayRequest, render_overlay


@pytest.fixture
def camera_request(camera):
    return CameraRequest(96, 128, intrinsic_matrix=camera.intrinsic_matrix)


def test_the_difference_at_the_right_pose_shows_less_than_beside_it(stage, camera_request, pose):
    def unrest(moved_mm):
        moved = pose.copy()
        moved[0, 3] += moved_mm
        request = OverlayRequest("small", camera_request, moved, stage.frame(), "difference")
        picture = np.asarray(Image.open(io.BytesIO(render_overlay(stage.service, request)))).astype(float)
        edges = np.abs(np.diff(picture[..., 0], axis=1))
        return np.percentile(edges, 95)

    assert unrest(0.0) < unrest(8.0)


def test_what_no_overlay_can_be_made_of(camera_request, pose, stage):
    with pytest.raises(InputError, match="outline, shaded, checkerboard, difference, got 'sketch'"):
        OverlayRequest("small", camera_request, pose, stage.frame(), "sketch")
    with pytest.raises(FrameError, match="got none"):
        OverlayRequest("small", camera_request, pose, None)
