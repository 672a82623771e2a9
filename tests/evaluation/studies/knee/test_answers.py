"""Answers beside a reference: errors along a camera's axes, farther is positive; starts are the paper's."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fluoropose.evaluation.studies.knee.answers import answer_of, frame_views, start_near
from fluoropose.geometry.pose6 import Pose6Frame
from fluoropose.geometry.rigid import inverse
from support.implants import MESH, POSE, two_cameras
from support.results import made_registration


def test_a_pose_that_is_farther_away_is_deeper():
    placed = two_cameras()[1]
    farther = placed.camera_from_world @ POSE
    ray = farther[:3, 3] / np.linalg.norm(farther[:3, 3])
    farther[:3, 3] += 3.0 * ray
    found = replace(made_registration(), world_from_volume=inverse(placed.camera_from_world) @ farther)
    answer = answer_of("cam2", "femoral", 5, 0, found, POSE, placed, MESH.ends_mm)
    assert answer.deeper_mm == pytest.approx(3.0, abs=0.01)
    assert answer.error.depth_mm == pytest.approx(3.0, abs=0.01)
    assert answer.error.in_plane_mm < 0.2
    assert answer.along[2] == pytest.approx(3.0 * ray[2], abs=0.01)
    assert answer.along[3:] == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    record = json.loads(json.dumps(answer.record()))
    assert record["frame"] == 5
    assert np.shape(record["found"]) == (4, 4)


def test_views_have_their_cameras_and_names():
    views = frame_views([np.zeros((4, 4)), np.ones((4, 4))], two_cameras())
    assert [view.name for view in views] == ["camera 1", "camera 2"]


def test_starts_scatter_most_along_the_cameras_own_axis():
    placed, frame = two_cameras()[1], Pose6Frame(np.zeros(3), np.eye(3))
    starts = [placed.camera_from_world @ start_near(frame, placed, POSE, (0, n)) for n in range(200)]
    across, down, along = np.std([start[:3, 3] for start in starts], axis=0)
    assert along == pytest.approx(10.0, rel=0.2)
    assert max(across, down) < 2.0
    np.testing.assert_array_equal(start_near(frame, placed, POSE, (3, 4)), start_near(frame, placed, POSE, (3, 4)))
