"""Six parameters about a pose lead there and back, in a view and in the world."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.registration.refinement.parameters import TwistParameters, ViewParameters
from fluoropose.registration.regression.residual import align_view

HERE = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
THERE = HERE + [1.0, -2.0, 15.0, 3.0, -2.0, 2.5]


@pytest.fixture
def poses(small_case):
    return [pose_from_six(six, small_case.pose_frame) for six in (HERE, THERE)]


def test_a_views_parameters_lead_to_a_pose_and_back(small_case, camera, poses):
    here, there = poses
    parameters = ViewParameters(align_view(here, camera, small_case.atlas), small_case.atlas)
    np.testing.assert_allclose(parameters.parameters_of(here), parameters.origin, atol=1e-9)
    np.testing.assert_allclose(parameters.pose_at(parameters.origin), here, atol=1e-9)
    np.testing.assert_allclose(parameters.pose_at(parameters.parameters_of(there)), there, atol=1e-9)


def test_a_twist_moves_the_objects_centre_along_the_worlds_axes(small_case, poses):
    here, _ = poses
    parameters = TwistParameters(here, small_case.atlas)
    np.testing.assert_array_equal(parameters.origin, np.zeros(6))
    np.testing.assert_allclose(parameters.pose_at(parameters.origin), here, atol=1e-12)
    moved = parameters.pose_at(np.array([1.0, 2.0, 3.0, 0.1, 0.0, 0.0]))
    centre = small_case.atlas.view.centre_mm
    np.testing.assert_allclose(transform(moved, centre) - transform(here, centre), [1.0, 2.0, 3.0], atol=1e-9)


def test_a_prior_in_the_world_has_no_pose_of_its_own(small_case, poses):
    with pytest.raises(NotImplementedError, match="expected a prior about the pose itself"):
        TwistParameters(poses[0], small_case.atlas).parameters_of(poses[1])
