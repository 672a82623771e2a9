"""Refinements in one view: edges bring a pose nearer, in clutter the whole window does, in a body two bodies do."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.geometry.rotation import to_zxy
from fluoropose.imaging.xray import Exposure, PixelMeaning, line_integral_image
from fluoropose.registration.refinement.costs.two_body import BodyRenderers
from fluoropose.registration.refinement.gauss_newton import NewtonStep
from fluoropose.registration.refinement.sequence import (
    REFINEMENT,
    ClutterInputs,
    align_in_clutter,
    look_at_all,
    refine_by_edges,
    refine_in_body,
    refine_in_clutter,
    regression_of,
)
from fluoropose.registration.regression.residual import align_view, residual_units
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.regression.step import Regression
from support.shots import SIGMAS, believed, cluttered, fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.1, -0.1, 5.0, 0.3, 0.8, -0.8])

TRUE = np.array([2.0, -3.0, 905.0, 4.0, 3.0, -5.0])
APART = np.array([0.8, -0.6, 2.0, 0.8, -1.0, 1.2])


@pytest.fixture
def camera():
    return fine_camera()


def pose_of(case, six):
    return pose_from_six(six, case.pose_frame)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_pose_nearly_right_comes_nearer_from_either_side(small_case, camera, rng, sign):
    right = pose_of(small_case, RIGHT)
    start = pose_of(small_case, RIGHT + sign * OFF)
    found = refine_by_edges(
        shot(small_case, camera, right, rng), camera, believed(small_case, camera, start), small_case.atlas
    )
    before, after = (pose_error(pose, right, small_case.corners_mm) for pose in (start, found.camera_from_volume))
    assert after.mtre_proj_mm < 0.25 * before.mtre_proj_mm
    assert after.depth_mm < 0.4 * before.depth_mm
    assert after.rotation_deg < 0.4 * before.rotation_deg
    # Sure of more than the networks were, and not of much more than it is worth.
    assert (found.regression.sigmas[0] < SIGMAS).all()
    assert after.depth_mm < 4.0 * found.regression.sigmas[0, 2]
    assert (found.regress_ns, found.refine_ns, found.quality_ns) == (1, 2, 3)
    assert found.regression.presence[0] == 1.0


def test_far_from_the_base_view_a_right_pose_between_views_stays(small_case, camera, rng):
    """The grid's beta turns the object before its alpha: taken for a turn after it, theta would be a quarter of a degree off."""
    for beta in (-1.8, 1.8):
        right = pose_of(small_case, np.array([2.0, -3.0, 895.0, 4.0, 8.0, beta]))
        estimate = believed(small_case, camera, right)
        found = refine_by_edges(shot(small_case, camera, right, rng), camera, estimate, small_case.atlas)
        canonical = (align_view(pose, camera, small_case.atlas).pose for pose in (right, found.camera_from_volume))
        before, after = (to_zxy(pose.camera_from_canonical)[0] for pose in canonical)
        assert abs(np.rad2deg(after - before)) < 0.08


def test_what_the_networks_do_not_see_is_left_alone(small_case, camera, rng):
    start = pose_of(small_case, RIGHT + OFF)
    estimate = believed(small_case, camera, start, presence=0.05)
    frame = shot(small_case, camera, pose_of(small_case, RIGHT), rng)
    assert refine_by_edges(frame, camera, estimate, small_case.atlas) is estimate


def test_an_empty_frame_leaves_the_networks_pose(small_case, camera):
    start = pose_of(small_case, RIGHT + OFF)
    estimate = believed(small_case, camera, start)
    found = refine_by_edges(np.zeros((192, 192), np.float32), camera, estimate, small_case.atlas)
    moved = pose_error(found.camera_from_volume, start, small_case.corners_mm)
    assert moved.in_plane_mm < 0.01 and moved.depth_mm < 0.2 and moved.rotation_deg < 0.05


def test_an_end_where_the_edges_agree_less_is_not_taken(small_case, camera, rng):
    """As if they agreed less: no end agrees by ten more than its start."""
    estimate = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    frame = shot(small_case, camera, pose_of(small_case, RIGHT), rng)
    settings = replace(REFINEMENT, edge_stop=replace(REFINEMENT.edge_stop, worse=-10.0))
    assert refine_by_edges(frame, camera, estimate, small_case.atlas, settings) is estimate
    inputs = clutter_inputs(small_case, frame, camera)
    assert refine_in_clutter(frame, camera, estimate, small_case.atlas, inputs, settings) is estimate


def test_a_last_step_is_a_regression_of_one(rng):
    root = rng.normal(size=(6, 9))
    information = root @ root.T
    found = regression_of(NewtonStep(np.zeros(6), np.arange(6.0), information, information), np.array([0.7]))
    np.testing.assert_array_equal(found.residuals, [np.arange(6.0)])
    np.testing.assert_array_equal(found.information, [information])
    np.testing.assert_allclose(found.sigmas[0] ** 2, np.diag(np.linalg.inv(information)))
    assert found.presence[0] == 0.7


def clutter_inputs(case, frame, camera):
    exposure = Exposure(frame, camera, PixelMeaning.LINE_INTEGRAL)
    return ClutterInputs(exposure, PlaneRenderer(case.volume), case.corners_mm)


def both(case, camera, frame, estimate):
    """Return the poses that the edges alone leave, and that a refinement in clutter goes on to."""
    refined = refine_in_clutter(frame, camera, estimate, case.atlas, clutter_inputs(case, frame, camera))
    return refine_by_edges(frame, camera, estimate, case.atlas).camera_from_volume, refined.camera_from_volume


def test_in_clutter_every_start_ends_in_one_place(small_case, camera, rng):
    right = pose_of(small_case, RIGHT)
    frame = cluttered(shot(small_case, camera, right, rng), rng)
    starts = [pose_of(small_case, RIGHT + sign * OFF) for sign in (1.0, -1.0)]
    ends = [both(small_case, camera, frame, believed(small_case, camera, start)) for start in starts]
    apart = [pose_error(*pair, small_case.corners_mm).mtre_proj_mm for pair in zip(*ends, strict=True)]
    errors = [pose_error(pose, right, small_case.corners_mm).mtre_proj_mm for pose in ends[0]]
    assert apart[1] < 0.5 * apart[0]
    assert errors[1] < 1.1 * errors[0]


def test_it_ends_where_the_correlation_is_largest(small_case, camera, rng):
    right = pose_of(small_case, RIGHT)
    frame = cluttered(shot(small_case, camera, right, rng), rng)
    pose = both(small_case, camera, frame, believed(small_case, camera, pose_of(small_case, RIGHT + OFF)))[1]
    again = both(small_case, camera, frame, believed(small_case, camera, pose))[1]
    moved = pose_error(again, pose, small_case.corners_mm)
    assert moved.mtre_proj_mm < 0.06 and moved.depth_mm < 1.0


def test_a_finer_frame_is_looked_at_clutter_inputs(small_case, rng):
    # Pixels of a quarter of the networks' size: they see the frame binned by four, the correlation by two.
    fine = camera_from_detector(768, 768, row_spacing_mm=0.125, column_spacing_mm=0.125, source_to_detector_mm=1100.0)
    right = pose_of(small_case, RIGHT)
    frame = cluttered(shot(small_case, fine, right, rng), rng)
    binned, camera = line_integral_image(frame, PixelMeaning.LINE_INTEGRAL, 4), fine.scale_pixels(4)
    binned = cluttered(binned, rng)
    estimate = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    found = refine_in_clutter(binned, camera, estimate, small_case.atlas, clutter_inputs(small_case, frame, fine))
    edges = refine_by_edges(binned, camera, estimate, small_case.atlas)
    errors = [pose_error(one.camera_from_volume, right, small_case.corners_mm) for one in (found, edges)]
    assert errors[0].mtre_proj_mm < 0.7 * errors[1].mtre_proj_mm


@pytest.mark.parametrize(("share", "followed"), [(0.0, True), (0.01, False)])
def test_what_correlates_better_where_the_edges_do_not_is_not_gone_to(small_case, camera, share, followed):
    # The pixels that are correlated show the object moved by a share of its size from where the edges see it.
    moved = RIGHT + np.array([share * small_case.size_mm, 0.0, 0.0, 0.0, 0.0, 0.0])
    rngs = [np.random.default_rng(3), np.random.default_rng(3)]
    seen, finer = (
        cluttered(shot(small_case, camera, pose_of(small_case, six), rng), rng)
        for six, rng in zip((RIGHT, moved), rngs, strict=True)
    )
    estimate = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    found = refine_in_clutter(seen, camera, estimate, small_case.atlas, clutter_inputs(small_case, finer, camera))
    edges = refine_by_edges(seen, camera, estimate, small_case.atlas)
    assert np.array_equal(found.camera_from_volume, edges.camera_from_volume) is not followed


def test_the_edges_come_first_and_all_of_the_window_when_it_is_asked_for(small_case, camera, rng):
    frame = cluttered(shot(small_case, camera, pose_of(small_case, RIGHT), rng), rng)
    estimate = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    edges, both_poses = (
        align_in_clutter(frame, camera, estimate, small_case.atlas),
        both(small_case, camera, frame, estimate),
    )
    np.testing.assert_array_equal(edges.aligned.camera_from_volume, both_poses[0])
    moved = look_at_all(edges, small_case.atlas, clutter_inputs(small_case, frame, camera))
    np.testing.assert_array_equal(moved.camera_from_volume, both_poses[1])
    assert not np.array_equal(*both_poses)


def test_what_is_no_clutter_is_left_to_the_edges(small_case, camera, rng):
    frame = shot(small_case, camera, pose_of(small_case, RIGHT), rng)
    estimate = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    np.testing.assert_array_equal(*both(small_case, camera, frame, estimate))


def test_what_may_be_lost_is_left_to_the_edges(small_case, camera, rng):
    frame = cluttered(shot(small_case, camera, pose_of(small_case, RIGHT), rng), rng)
    estimate = believed(small_case, camera, pose_of(small_case, RIGHT + OFF), presence=0.4)
    np.testing.assert_array_equal(*both(small_case, camera, frame, estimate))


def test_what_is_not_in_the_frame_is_left_to_the_edges(small_case, camera, rng):
    beside = RIGHT + np.array([400.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    frame = rng.standard_normal((192, 192)).astype(np.float32)
    estimate = believed(small_case, camera, pose_of(small_case, beside))
    np.testing.assert_array_equal(*both(small_case, camera, frame, estimate))


@pytest.fixture(scope="module")
def bodies(surrounded_case):
    case = surrounded_case
    return BodyRenderers(CpuRenderer(case.volume, 1.0), rest_renderer(case.rest, case.atlas.view))


@pytest.fixture
def body_camera():
    """A detector as fine as the canonical view: what tells two bodies apart is fine."""
    return camera_from_detector(200, 240, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


def found_at(case, six, presence=1.0):
    """A estimate at a pose that the networks are as sure of as of half a unit."""
    information = np.diag((0.5 * residual_units(case.atlas.view)) ** -2.0)[None]
    regression = Regression(np.zeros((1, 6)), np.ones((1, 6)), information, np.array([presence]))
    return PoseEstimate(pose_from_six(six, case.pose_frame), regression, (0.0, 0.0, 0.0), 0, 0, 0)


def simulate_frame_at(case, camera, bodies, six, rest_six):
    inside = bodies.inside.render(camera, pose_from_six(six, case.pose_frame))
    return inside + bodies.rest.render(camera, pose_from_six(rest_six, case.pose_frame))


def errors(case, estimate):
    return np.abs(six_from_pose(estimate.camera_from_volume, case.pose_frame) - TRUE)


def test_the_object_is_found_where_the_body_is_not(surrounded_case, body_camera, bodies, rng):
    """From where the body is, which is where networks that follow it end; under another gain, shading and noise."""
    frame = simulate_frame_at(surrounded_case, body_camera, bodies, TRUE, TRUE + APART)
    frame = 0.7 * frame + np.linspace(0.0, 0.3, body_camera.columns) + 0.004 * rng.standard_normal(frame.shape)
    start = found_at(surrounded_case, TRUE + APART)
    end, _ = refine_in_body(frame.astype(np.float32), body_camera, start, surrounded_case.atlas, bodies)
    assert (errors(surrounded_case, end) < [0.05, 0.05, 2.0, 0.15, 0.7, 0.7]).all()
    assert (errors(surrounded_case, end)[[0, 1, 3]] < 0.25 * errors(surrounded_case, start)[[0, 1, 3]]).all()


def test_it_knows_how_sure_it_is(surrounded_case, body_camera, bodies, rng):
    frame = simulate_frame_at(surrounded_case, body_camera, bodies, TRUE, TRUE)
    sigmas = []
    for noise in (0.004, 0.016):
        noisy = frame + noise * rng.standard_normal(frame.shape)
        start = found_at(surrounded_case, TRUE)
        end, _ = refine_in_body(noisy.astype(np.float32), body_camera, start, surrounded_case.atlas, bodies)
        sigmas.append(end.regression.sigmas[0])
    assert (sigmas[1] > 1.3 * sigmas[0]).all()
    assert (sigmas[0] < 0.5 * residual_units(surrounded_case.atlas.view)).all()


def test_what_is_not_there_is_left_where_it_was(surrounded_case, body_camera, bodies):
    frame = simulate_frame_at(surrounded_case, body_camera, bodies, TRUE, TRUE)
    absent = found_at(surrounded_case, TRUE + APART, presence=0.05)
    assert refine_in_body(frame, body_camera, absent, surrounded_case.atlas, bodies)[0] is absent


def test_a_body_without_the_object_shows_that_it_is_not_there(surrounded_case, body_camera, bodies, rng):
    case = surrounded_case
    noise = 0.004 * rng.standard_normal((body_camera.rows, body_camera.columns))
    frames = {"with": simulate_frame_at(case, body_camera, bodies, TRUE, TRUE)}
    frames["without"] = bodies.rest.render(body_camera, pose_from_six(TRUE, case.pose_frame))
    presence, likeness = {}, {}
    for name, frame in frames.items():
        end, likeness[name] = refine_in_body(
            (frame + noise).astype(np.float32), body_camera, found_at(case, TRUE), case.atlas, bodies
        )
        presence[name] = float(end.regression.presence[0])
    assert presence == {"with": 1.0, "without": 0.0}
    assert likeness["with"] > 0.9 > 0.45 > likeness["without"]


def test_a_fit_that_gets_worse_is_not_taken(surrounded_case, body_camera, bodies):
    """As if it got worse: no end agrees by ten more than its start."""
    frame = simulate_frame_at(surrounded_case, body_camera, bodies, TRUE, TRUE + APART)
    start = found_at(surrounded_case, TRUE + APART)
    settings = replace(REFINEMENT, body_stop=replace(REFINEMENT.body_stop, worse=-10.0))
    end, _ = refine_in_body(frame, body_camera, start, surrounded_case.atlas, bodies, settings)
    np.testing.assert_array_equal(end.camera_from_volume, start.camera_from_volume)
    np.testing.assert_array_equal(end.regression.information, start.regression.information)


@pytest.mark.parametrize("made", [np.zeros_like, np.ones_like])
def test_an_empty_frame_moves_nothing_far(surrounded_case, body_camera, bodies, made):
    frame = made(simulate_frame_at(surrounded_case, body_camera, bodies, TRUE, TRUE))
    end, _ = refine_in_body(frame, body_camera, found_at(surrounded_case, TRUE), surrounded_case.atlas, bodies)
    assert (errors(surrounded_case, end) < [0.1, 0.1, 2.0, 0.5, 0.5, 0.5]).all()
