"""The search over a whole frame: the best candidate lies near the object, wherever it is and however it is turned."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.geometry.rigid import transform
from fluoropose.registration.initialization.global_search import SearchGrid, SearchTemplates, candidate_poses

CAMERA = camera_from_detector(160, 200, row_spacing_mm=0.8, column_spacing_mm=0.8, source_to_detector_mm=1100.0)


@pytest.mark.parametrize("six", [[10.0, -12.0, 890.0, 0.0, 2.0, -3.0], [-14.0, 8.0, 930.0, 75.0, -4.0, 5.0]])
def test_the_best_candidate_lies_near_the_object(small_case, six):
    truth = pose_from_six(np.array(six), small_case.pose_frame)
    frame = CpuRenderer(small_case.volume, 1.0).render(CAMERA, truth)
    poses = candidate_poses(frame, CAMERA, small_case.atlas, SearchTemplates())
    assert len(poses) == SearchGrid().keep
    centre_mm = small_case.atlas.view.centre_mm
    seen, found = (project(CAMERA, transform(pose, centre_mm)) for pose in (truth, poses[0]))
    assert np.linalg.norm(seen - found) < 6.0
    turned = six_from_pose(poses[0], small_case.pose_frame)[3] - six[3]
    assert abs((turned + 180.0) % 360.0 - 180.0) <= 15.0


def test_an_empty_frame_has_candidates_too(small_case):
    """They are the networks' to refuse: a search never ends without a start."""
    poses = candidate_poses(
        np.zeros((160, 200), np.float32), CAMERA, small_case.atlas, SearchTemplates(SearchGrid(keep=3))
    )
    assert len(poses) == 3
    assert all(np.isfinite(pose).all() for pose in poses)


def test_an_object_that_sticks_out_of_the_frame_is_found_too(small_case):
    six = np.array([-46.0, 8.0, 900.0, 0.0, 1.0, -2.0])
    truth = pose_from_six(six, small_case.pose_frame)
    frame = CpuRenderer(small_case.volume, 1.0).render(CAMERA, truth)
    seen = project(CAMERA, transform(truth, small_case.atlas.view.centre_mm))
    assert seen[0] < 30.0
    poses = candidate_poses(frame, CAMERA, small_case.atlas, SearchTemplates())
    found = [project(CAMERA, transform(pose, small_case.atlas.view.centre_mm)) for pose in poses[:3]]
    assert min(np.linalg.norm(seen - place) for place in found) < 10.0


def test_templates_are_made_once(small_case):
    templates = SearchTemplates()
    looks, small = templates.small(small_case.atlas)
    assert templates.small(small_case.atlas)[1] is small
    assert small.shape == (len(looks), SearchGrid().small_px ** 2)
    assert templates.large(small_case.atlas, 5) is templates.large(small_case.atlas, 5)
