"""Objects and cameras in one world: line integrals add, places compose, sweeps turn about the isocentre."""

import numpy as np

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid
from fluoropose.simulate.anatomy import random_anatomy
from fluoropose.simulate.physics import Detector, expose
from fluoropose.simulate.placed_frames import (
    PlacedFrame,
    Surroundings,
    World,
    simulate_placed_frame,
    simulate_placed_run,
)
from fluoropose.simulate.run import Scene, object_lines, simulate_frame
from support.cases import EXPECTED_SIX


def test_one_body_in_a_world_is_the_single_objects_scene(small_case, camera, body, rng):
    anatomy = random_anatomy(rng, 50.0)
    scene = Scene(body.volume, small_case.pose_frame, camera, Detector(), anatomy, body.step_mm)
    six = EXPECTED_SIX + [5, -3, 20, 10, 5, 5]
    pose = pose_from_six(six, small_case.pose_frame)
    around = pose_from_six(EXPECTED_SIX, small_case.pose_frame) @ rigid(np.eye(3), small_case.pose_frame.centre_mm)
    world = World((body,), Surroundings(anatomy), camera, Detector())
    pixels = simulate_placed_frame(world, PlacedFrame(0.0, np.eye(4), (pose,), around), np.random.default_rng(3))
    np.testing.assert_array_equal(pixels, simulate_frame(scene, six, EXPECTED_SIX, np.random.default_rng(3)))


def test_line_integrals_of_two_bodies_add_up_before_the_physics(small_case, camera, body):
    poses = tuple(pose_from_six(EXPECTED_SIX + [x, 0, 0, 0, 0, 0], small_case.pose_frame) for x in (-4.0, 6.0))
    world = World((body, body), Surroundings(), camera, Detector())
    pixels = simulate_placed_frame(world, PlacedFrame(0.0, np.eye(4), poses, np.eye(4)), np.random.default_rng(3))
    lines = sum(object_lines(body.volume, camera, pose, body.step_mm) for pose in poses)
    zero = np.zeros_like(lines)
    np.testing.assert_array_equal(pixels, expose(lines, zero, zero, Detector(), np.random.default_rng(3)))


def test_a_run_does_not_depend_on_the_workers(small_case, camera, body):
    pose = pose_from_six(EXPECTED_SIX, small_case.pose_frame)
    world = World((body,), Surroundings(), camera, Detector())
    frames = [PlacedFrame(n / 15.0, np.eye(4), (pose,), np.eye(4)) for n in range(3)]
    for a, b in zip(*(simulate_placed_run(world, frames, 7, workers=n) for n in (1, 3)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_rest_of_a_ct_goes_where_its_first_body_goes(small_case, camera, body):
    """The rest is the body again, so that a frame of both is one of twice its line integrals: soft tissue, not metal."""
    pose = pose_from_six(EXPECTED_SIX, small_case.pose_frame)
    world = World((body,), Surroundings(rest=body), camera, Detector())
    pixels = simulate_placed_frame(world, PlacedFrame(0.0, np.eye(4), (pose,), np.eye(4)), np.random.default_rng(3))
    lines = object_lines(body.volume, camera, pose, body.step_mm)
    expected = expose(lines, lines, np.zeros_like(lines), Detector(), np.random.default_rng(3))
    np.testing.assert_array_equal(pixels, expected)
