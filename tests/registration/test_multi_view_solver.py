"""The joint solve with regressors that know the truth as told: exact expectations; and its refinement by edges."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.atlas import Atlas, AtlasGrid
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import apply_twist, inverse, rigid, transform
from fluoropose.geometry.rotation import about_x, about_y, angle_between
from fluoropose.registration.assessment import world_information
from fluoropose.registration.multi_view_solver import CalibratedView, JointEstimate, refine_jointly, regress_jointly
from fluoropose.registration.refinement.sequence import REFINEMENT
from fluoropose.registration.regression.residual import residual_to_pose
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, TRACKING_SCHEDULE
from fluoropose.registration.regression.step import Regression
from support.shots import believed, fine_camera, shot

VIEW = CanonicalView(np.array([4.0, 30.0, -11.0]), about_x(np.pi / 2), 128, 90.0, 900.0)
ATLAS = Atlas(np.zeros((37 * 37, 1, 1), np.float16), AtlasGrid(), VIEW)
CAMERA = camera_from_detector(512, 512, row_spacing_mm=0.4, column_spacing_mm=0.4, source_to_detector_mm=1200.0)
TRUTH = pose_from_six(np.array([3.0, -2.0, 905.0, 4.0, 5.0, -6.0]), Pose6Frame(VIEW.centre_mm, VIEW.base_rotation))
SIGMAS = np.array([0.1, 0.1, 8.0, 0.005, 0.02, 0.02])


def views_from(*degrees):
    centre = transform(TRUTH, VIEW.centre_mm)
    turns = [about_y(np.deg2rad(angle)) for angle in degrees]
    return [CalibratedView(n, CAMERA, rigid(t, centre - t @ centre), ATLAS) for n, t in enumerate(turns)]


def knowing(truths, noise=0.0, seed=0):
    """Regressors that see `truths` (one per view, a world_from_volume) with errors of `noise` times SIGMAS."""
    rng = np.random.default_rng(seed)
    errors = noise * SIGMAS * rng.normal(size=(len(truths), 6))
    calls = []

    def regress(stage, views, looks):
        calls.append(stage)
        residuals = np.stack(
            [
                residual_to_pose(view.camera_from_world @ truth, current, ATLAS) + error
                for view, current, truth, error in zip(views, looks, truths, errors, strict=True)
            ]
        )
        count = len(views)
        information = np.repeat(np.diag(SIGMAS**-2.0)[None], count, axis=0)
        return Regression(residuals, np.tile(SIGMAS, (count, 1)), information, np.ones(count))

    regress.calls = calls
    return regress


def clock():
    return 0


def distance(pose, truth=TRUTH):
    there = transform(pose, VIEW.centre_mm) - transform(truth, VIEW.centre_mm)
    return float(np.linalg.norm(there)), float(np.rad2deg(angle_between(pose[:3, :3], truth[:3, :3])))


@pytest.mark.parametrize("degrees", [(0.0,), (0.0, 90.0), (-20.0, 25.0, 70.0)], ids=["one", "two", "three"])
def test_views_that_know_the_truth_reach_it(degrees):
    start = apply_twist(TRUTH, np.array([3.0, -4.0, 12.0, 0.1, -0.15, 0.05]), VIEW.centre_mm)
    found = regress_jointly(knowing([TRUTH] * len(degrees)), views_from(*degrees), start, DEFAULT_SCHEDULE, clock)
    moved, turned = distance(found.world_from_volume)
    assert moved < 0.05
    assert turned < 0.05
    assert max(found.disagreements) < 0.01


def test_it_stops_once_the_pose_has_settled():
    start = apply_twist(TRUTH, np.array([0.5, 0.0, 1.0, 0.01, 0.0, 0.0]), VIEW.centre_mm)
    regress = knowing([TRUTH] * 2)
    regress_jointly(regress, views_from(0.0, 60.0), start, DEFAULT_SCHEDULE, clock)
    assert len(regress.calls) < len(DEFAULT_SCHEDULE)
    assert regress.calls[-1] == "fine"


def test_depth_is_as_sure_as_the_other_view_makes_it():
    """At 90 degrees the first one's depth is the second one's x: some tenths of a mm where alone it is 8 mm."""
    spread, expected = [], []
    for seed in range(40):
        regress = knowing([TRUTH] * 2, noise=1.0, seed=seed)
        found = regress_jointly(regress, views_from(0.0, 90.0), TRUTH, TRACKING_SCHEDULE, clock)
        spread.append(transform(found.world_from_volume, VIEW.centre_mm)[2] - transform(TRUTH, VIEW.centre_mm)[2])
        expected.append(np.sqrt(np.linalg.inv(found.information)[2, 2]))
    assert np.std(spread) < 0.3
    assert np.std(spread) < 1.5 * np.mean(expected)
    alone = world_information(found.views[0], views_from(0.0)[0])
    assert np.sqrt(np.linalg.inv(alone)[2, 2]) > 5.0


def test_views_of_two_instants_disagree():
    other = apply_twist(TRUTH, np.array([0.0, 2.0, 0.0, 0.0, 0.0, 0.0]), VIEW.centre_mm)
    found = regress_jointly(knowing([TRUTH, other]), views_from(0.0, 90.0), TRUTH, TRACKING_SCHEDULE, clock)
    assert min(found.disagreements) > 11.0


def test_what_no_view_sees_stays_where_it_was():
    """A regressor that knows nothing of depth leaves it to the prior: the start's."""
    start = apply_twist(TRUTH, np.array([0.0, 0.0, 9.0, 0.0, 0.0, 0.0]), VIEW.centre_mm)
    regress = knowing([TRUTH])

    def blind(stage, views, looks):
        seen = regress(stage, views, looks)
        information = seen.information.copy()
        information[:, 2, 2] = 1e-9
        return Regression(seen.residuals, seen.sigmas, information, seen.presence)

    found = regress_jointly(blind, views_from(0.0), start, TRACKING_SCHEDULE, clock)
    offset = transform(found.world_from_volume, VIEW.centre_mm) - transform(start, VIEW.centre_mm)
    ray = transform(TRUTH, VIEW.centre_mm) / np.linalg.norm(transform(TRUTH, VIEW.centre_mm))
    assert abs(offset @ ray) < 0.1


RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.1, -0.1, 5.0, 0.3, 0.8, -0.8])


@pytest.fixture
def pair(small_case, rng):
    """Return two views ten degrees apart, their frames, a joint estimate beside the right pose, and that pose."""
    camera = fine_camera()
    right, start = (pose_from_six(six, small_case.pose_frame) for six in (RIGHT, RIGHT + OFF))
    centre = transform(right, small_case.atlas.view.centre_mm)
    turn = about_y(np.deg2rad(10.0))
    places = (np.eye(4), rigid(turn, centre - turn @ centre))
    views = [CalibratedView(n, camera, place, small_case.atlas) for n, place in enumerate(places)]
    frames = [shot(small_case, camera, place @ right, rng) for place in places]
    estimates = tuple(believed(small_case, camera, place @ start) for place in places)
    return views, frames, JointEstimate(start, estimates, np.eye(6), np.zeros(6), (0.5, 0.7)), right


def test_two_views_are_refined_together(small_case, pair):
    views, frames, joint, right = pair
    found = refine_jointly(frames, views, joint)
    before, after = (
        pose_error(pose, right, small_case.corners_mm) for pose in (joint.world_from_volume, found.world_from_volume)
    )
    assert after.mtre_mm < 0.4 * before.mtre_mm
    assert found.disagreements == joint.disagreements
    assert np.linalg.eigvalsh(found.information).min() > 0.0
    for view, estimate in zip(views, found.views, strict=True):
        pose = inverse(view.camera_from_world) @ estimate.camera_from_volume
        np.testing.assert_allclose(pose, found.world_from_volume, atol=1e-9)
        assert estimate.regression.presence[0] == 1.0


def test_a_pair_that_one_view_does_not_see_is_not_refined(pair):
    views, frames, joint, _ = pair
    unseen = replace(joint.views[1], regression=replace(joint.views[1].regression, presence=np.array([0.05])))
    doubted = replace(joint, views=(joint.views[0], unseen))
    assert refine_jointly(frames, views, doubted) is doubted


def test_a_joint_end_where_the_edges_agree_less_is_not_taken(pair):
    """As if they agreed less: no end agrees by ten more than its start."""
    views, frames, joint, _ = pair
    settings = replace(REFINEMENT, edge_stop=replace(REFINEMENT.edge_stop, worse=-10.0))
    assert refine_jointly(frames, views, joint, settings) is joint
