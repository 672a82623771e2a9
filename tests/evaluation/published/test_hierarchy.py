"""The sweeps: groups in order, updates added along the patches' axes and cut to what was taught."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import PublishedRegression, ZoneRegressors, register_sweeps
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import PAPER_GROUPS, Zone
from fluoropose.geometry.pose6 import pose_from_six

START = np.array([2.0, -1.0, 880.0, 90.0, 3.0, -4.0])


@pytest.fixture
def points(small_case):
    return small_case.corners_mm * 0.5 + small_case.corners_mm.mean(axis=0) * 0.5


def run(small_case, points, regressors, sweeps, comparison="exact", zones=None):
    camera = picture_camera(small_case, START)
    image = CpuRenderer(small_case.volume, 1.0).render(camera, pose_from_six(START, small_case.pose_frame))
    zone = ZoneRegressors(points, 10.0, 12, regressors)
    shown = comparison_named(comparison, small_case)
    regression = PublishedRegression(small_case.pose_frame, shown, zones or [(Zone(0, 0), zone)], PAPER_GROUPS)
    return register_sweeps(image, camera, START, regression, sweeps)


def test_groups_follow_each_other_and_add_along_the_patches_axes(small_case, points):
    called = []

    def answer(name, *values):
        def regress(residual):
            assert residual.shape == (8, 12, 12)
            called.append(name)
            return np.array(values)

        return regress

    regressors = {
        "in_plane": answer("in_plane", 0.5, 0.1, 1.0),
        "out_of_plane": answer("out_of_plane", 2.0, -1.0),
        "depth": answer("depth", 4.0),
    }
    track = run(small_case, points, regressors, 2)
    assert called == ["in_plane", "out_of_plane", "depth"] * 2
    np.testing.assert_array_equal(track[0], START)
    # At t_theta = 90 degrees the patches' x axis is the image's y axis.
    np.testing.assert_allclose(track[1] - START, [-0.1, 0.5, 4.0, 1.0, 2.0, -1.0], atol=1e-9)
    np.testing.assert_allclose(track[2][2:] - START[2:], [8.0, 2.0, 4.0, -2.0], atol=1e-9)


def test_an_update_beyond_its_range_is_cut(small_case, points):
    far = {"in_plane": lambda r: np.full(3, 99.0), "out_of_plane": lambda r: np.full(2, -99.0)}
    track = run(small_case, points, far | {"depth": lambda r: np.full(1, 99.0)}, 1)
    np.testing.assert_allclose(track[1] - START, [-1.5, 1.5, 15.0, 3.0, -15.0, -15.0], atol=1e-9)


def test_the_zone_follows_the_angles(small_case, points):
    used = []

    def zone(name):
        def turn(residual):
            used.append(name)
            return np.array([10.0, 0.0])

        nothing = {"in_plane": lambda r: np.zeros(3), "depth": lambda r: np.zeros(1)}
        return ZoneRegressors(points, 10.0, 12, {"out_of_plane": turn, **nothing})

    run(small_case, points, {}, 2, zones=[(Zone(0, 0), zone("first")), (Zone(1, 0), zone("second"))])
    assert used == ["first", "second"]


def test_on_the_atlas_what_is_not_regressed_stays(small_case, points):
    """The reference is turned to the grid; angles that no group has answered for must not be."""
    still = {"in_plane": lambda r: np.zeros(3), "depth": lambda r: np.zeros(1), "out_of_plane": lambda r: np.zeros(2)}
    track = run(small_case, points, still, 1, comparison="atlas")
    np.testing.assert_allclose(track[1][:3], START[:3], atol=1e-9)
    np.testing.assert_allclose(track[1][4:], [4.0, -4.0], atol=0.6)
