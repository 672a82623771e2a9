"""What a case tells of itself."""

import numpy as np
import pytest

from fluoropose.imaging.volume import bounding_corners


def test_the_size_is_the_diagonal_of_the_objects_box(small_case):
    sides = np.ptp(bounding_corners(small_case.volume), axis=0)
    assert small_case.size_mm == pytest.approx(np.sqrt((sides**2).sum()))


def test_the_six_parameters_are_about_the_atlas_views_centre(small_case):
    frame, view = small_case.pose_frame, small_case.atlas.view
    np.testing.assert_array_equal(frame.centre_mm, view.centre_mm)
    np.testing.assert_array_equal(frame.base_rotation, view.base_rotation)
    np.testing.assert_allclose(frame.centre_mm, small_case.corners_mm.mean(axis=0))
