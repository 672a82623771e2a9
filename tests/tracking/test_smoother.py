"""The smoother: what a window knows and what it cannot, against known truths."""

import numpy as np
import pytest

from fluoropose.geometry.rigid import inverse, rigid, transform
from fluoropose.geometry.rotation import angle_between, from_rotation_vector, to_rotation_vector
from fluoropose.tracking.smoother import Smoother, Smoothing
from support.smoothing import (
    CENTRE,
    MIDDLE,
    SIGMAS,
    TRUTH,
    camera_at,
    centre_error_mm,
    depth_sigma,
    information,
    pose_with_error,
    smooth_frames,
)


def test_one_frame_is_answered_as_it_is():
    error = np.array([0.1, 0.2, 4.0, 0.01, 0.0, 0.02])
    camera = camera_at(7.0)
    answer = Smoother(CENTRE).add(0.0, pose_with_error(camera, error), information(camera), camera)
    np.testing.assert_allclose(answer.world_from_volume, pose_with_error(camera, error), atol=1e-9)
    np.testing.assert_allclose(answer.covariance, np.linalg.inv(information(camera)), rtol=1e-5, atol=1e-9)
    assert (answer.frames, answer.views) == (1, 1)


def test_a_fixed_camera_never_learns_depth(rng):
    """Its frames share one bias, so a hundred of them know what one knows, less a little noise."""
    one, many = (smooth_frames(np.zeros(n), [np.array([0, 0, 8.0, 0, 0, 0])] * n) for n in (1, 80))
    assert 0.97 * depth_sigma(one) < depth_sigma(many) <= depth_sigma(one)
    assert centre_error_mm(many) == pytest.approx(8.0, abs=1e-3)
    assert (many.frames, many.views) == (80, 1)


def test_a_sweep_learns_depth(rng):
    """From 15 mm of depth error on each frame, stated at 5 mm; over 30 degrees the rays cross."""
    angles, sigmas = np.linspace(-15.0, 15.0, 40), np.array([0.2, 0.2, 5.0, 0.01, 0.01, 0.01])
    answer = smooth_frames(angles, [np.array([0.0, 0.0, 15.0, 0.0, 0.0, 0.0])] * 40, sigmas=sigmas)
    assert centre_error_mm(answer) < 2.0
    assert depth_sigma(answer) < 0.3 * sigmas[2]
    assert answer.views == 10


def test_what_the_sweep_reports_is_how_wrong_it_is(rng):
    """Biases drawn per 3 degrees as the model says: squared error over variance has mean 1 in each of six parameters."""
    ratios = []
    for _ in range(60):
        angles = np.linspace(0.0, 29.9, 30)
        biases = rng.normal(size=(12, 6)) * SIGMAS * np.sqrt(0.95)
        sides = np.minimum((angles // 3.1).astype(int), 11)
        errors = biases[sides] + rng.normal(size=(30, 6)) * SIGMAS * np.sqrt(0.05)
        answer = smooth_frames(angles, errors)
        rotation = to_rotation_vector(answer.world_from_volume[:3, :3] @ TRUTH[:3, :3].T)
        twist = np.concatenate([transform(answer.world_from_volume, CENTRE) - MIDDLE, rotation])
        ratios.append(twist @ np.linalg.solve(answer.covariance, twist) / 6.0)
    assert 0.6 < np.mean(ratios) < 1.3


def test_views_that_disagree_more_than_they_say_make_it_less_sure(rng):
    angles = np.linspace(-15.0, 15.0, 20)
    quiet = smooth_frames(angles, rng.normal(size=(20, 6)) * SIGMAS * 0.5)
    loud = smooth_frames(angles, rng.normal(size=(20, 6)) * SIGMAS * 4.0)
    assert depth_sigma(loud) > 2.0 * depth_sigma(quiet)


def test_an_object_taken_as_still_that_moves_makes_it_less_sure():
    """4 mm/s across the ray of a camera at rest: the window lags behind, and says so."""
    errors = np.zeros((30, 6))
    errors[:, 0] = 4.0 * np.arange(30) / 15.0
    answer = smooth_frames(np.zeros(30), errors)
    lag_mm = abs(errors[-1, 0] - (transform(answer.world_from_volume, CENTRE) - MIDDLE)[0])
    assert lag_mm > 2.0
    assert lag_mm < 3.0 * np.sqrt(answer.covariance[0, 0])


@pytest.mark.parametrize("motion", ["still", "moving"])
def test_an_outlier_moves_nothing(motion):
    angles = np.linspace(-15.0, 15.0, 21)
    errors = np.zeros((21, 6))
    settings = Smoothing(window_s=100.0, motion=motion, acceleration_mm_per_s2=0.1, turn_acceleration_deg_per_s2=0.1)
    errors[12] = [60.0, -40.0, 90.0, 1.5, 0.0, 2.0]
    answer = smooth_frames(angles, errors, settings)
    assert centre_error_mm(answer) < 0.1
    assert answer.frames == 20


def test_a_moving_object_is_followed(rng):
    """It moves 40 mm/s and turns 20 degrees/s; the answer is for the newest frame, not the window's middle."""
    settings = Smoothing(window_s=1.0, motion="moving")
    smoother, speed, turning = Smoother(CENTRE, settings), np.array([40.0, 0.0, 10.0]), np.array([0.0, 0.35, 0.0])
    for n in range(40):
        moment = n / 30.0
        rotation = from_rotation_vector(turning * moment) @ TRUTH[:3, :3]
        truth = rigid(rotation, MIDDLE + speed * moment - rotation @ CENTRE)
        camera = camera_at(0.0)
        answer = smoother.add(
            moment, pose_with_error(camera, rng.normal(size=6) * 0.3 * SIGMAS, truth), information(camera), camera
        )
    assert np.abs((transform(answer.world_from_volume, CENTRE) - transform(truth, CENTRE))[:2]).max() < 0.15
    assert angle_between(answer.world_from_volume[:3, :3], truth[:3, :3]) < 0.01


def test_moving_from_one_side_is_no_surer_of_depth_than_a_frame():
    settings = Smoothing(window_s=100.0, same_view_deg=3.0, motion="moving")
    assert depth_sigma(smooth_frames(np.zeros(40), np.zeros((40, 6)), settings)) > 0.97 * SIGMAS[2]


def test_a_late_frame_is_put_in_its_place():
    cameras = [camera_at(angle) for angle in (0.0, 10.0, 20.0)]
    errors = [np.array([0, 0, depth, 0, 0, 0]) for depth in (1.0, -2.0, 3.0)]
    answers = []
    for order in ((0, 1, 2), (0, 2, 1)):
        smoother = Smoother(CENTRE, Smoothing(same_view_deg=3.0))
        for n in order:
            answer = smoother.add(n / 15.0, pose_with_error(cameras[n], errors[n]), information(cameras[n]), cameras[n])
        answers.append(answer)
    np.testing.assert_allclose(answers[0].world_from_volume, answers[1].world_from_volume, atol=1e-3)


def test_a_clock_set_back_and_a_gap_start_afresh():
    for moment in (-100.0, 100.0):
        smoother, camera = Smoother(CENTRE), camera_at(0.0)
        for n in range(5):
            smoother.add(n / 15.0, pose_with_error(camera, np.full(6, 0.05)), information(camera), camera)
        answer = smoother.add(moment, TRUTH, information(camera), camera)
        assert answer.frames == 1
        np.testing.assert_allclose(answer.world_from_volume, TRUTH, atol=1e-6)


def not_positive():
    bad = information(camera_at(0.0))
    bad[2, 2] = -bad[2, 2]
    return bad


@pytest.mark.parametrize(
    "broken",
    [
        {"moment_s": float("nan")},
        {"world_from_volume": np.full((4, 4), np.nan)},
        {"information": np.full((6, 6), np.inf)},
        {"information": np.zeros((6, 6))},
        {"information": np.eye(5)},
        {"information": not_positive()},
        {"camera_from_world": np.full((4, 4), np.nan)},
    ],
    ids=["time", "pose", "infinite", "nothing", "shape", "negative", "camera"],
)
def test_a_broken_frame_is_left_out(broken):
    camera = camera_at(0.0)
    usual = {
        "moment_s": 0.1, "world_from_volume": TRUTH, "information": information(camera), "camera_from_world": camera,
    }  # fmt: skip
    empty = Smoother(CENTRE).add(**(usual | broken))
    assert (empty.frames, empty.views) == (0, 0)
    assert depth_sigma(empty) == pytest.approx(1e4)
    smoother = Smoother(CENTRE)
    before = smoother.add(**(usual | {"moment_s": 0.0}))
    after = smoother.add(**(usual | broken))
    np.testing.assert_array_equal(after.world_from_volume, before.world_from_volume)
    assert after.frames == 1


def test_a_direction_that_no_frame_has_seen_stays_finite():
    camera = camera_at(0.0)
    blind = information(camera, np.array([0.2, 0.2, 1e9, 0.01, 0.01, 0.01]))
    answer = Smoother(CENTRE).add(0.0, TRUTH, blind, camera)
    assert 1e3 < depth_sigma(answer) < 1.1e4
    assert answer.covariance[0, 0] == pytest.approx(0.04, rel=1e-3)


def test_an_object_that_goes_elsewhere_is_found_there():
    smoother, camera = Smoother(CENTRE, Smoothing(restart_after=3)), camera_at(0.0)
    for n in range(30):
        smoother.add(n / 15.0, TRUTH, information(camera), camera)
    moved = pose_with_error(camera, np.array([50.0, 0, 0, 0, 0, 0]))
    held = [smoother.add((30 + n) / 15.0, moved, information(camera), camera) for n in range(3)]
    assert centre_error_mm(held[1]) < 0.5
    assert centre_error_mm(held[2]) == pytest.approx(50.0, abs=0.1)
    assert held[2].frames == 3


def test_the_window_is_bounded_and_keeps_its_breadth():
    """Beyond `most_frames` the fullest view loses its oldest: the two far sides stay."""
    angles = np.concatenate([np.full(20, 0.0), [10.0, 20.0], np.full(20, 30.0)])
    answer = smooth_frames(angles, np.zeros((42, 6)), Smoothing(window_s=100.0, most_frames=8, same_view_deg=3.0))
    assert (answer.frames, answer.views) == (8, 4)


def test_the_world_may_be_anywhere(rng):
    """Another world frame changes the numbers by that frame and nothing else."""
    other_from_world = rigid(from_rotation_vector(np.array([0.5, 1.0, -0.7])), np.array([100.0, -50.0, 20.0]))
    turn = np.kron(np.eye(2), other_from_world[:3, :3])
    here, there = Smoother(CENTRE), Smoother(CENTRE)
    for n, angle in enumerate(np.linspace(0.0, 30.0, 12)):
        camera = camera_at(angle)
        pose = pose_with_error(camera, rng.normal(size=6) * SIGMAS)
        first = here.add(n / 15.0, pose, information(camera), camera)
        second = there.add(
            n / 15.0, other_from_world @ pose, turn @ information(camera) @ turn.T, camera @ inverse(other_from_world)
        )
    np.testing.assert_allclose(second.world_from_volume, other_from_world @ first.world_from_volume, atol=1e-6)
    np.testing.assert_allclose(second.covariance, turn @ first.covariance @ turn.T, rtol=1e-4, atol=1e-9)
