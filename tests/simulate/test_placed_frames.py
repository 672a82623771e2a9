"""Objects and cameras in one world: line integrals add, places compose, sweeps turn about the isocentre."""

from types import SimpleNamespace

import numpy as np
import pytest

from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.objects.shapes import voxelise
from fluoropose.simulate.anatomy import random_anatomy
from fluoropose.simulate.physics import Detector, expose
from fluoropose.simulate.placed_frames import (
    Body,
    PlacedFrame,
    Surroundings,
    World,
    simulate_placed_frame,
    simulate_placed_run,
)
from fluoropose.simulate.run import Scene, object_lines, simulate_frame
from fluoropose.simulate.scenarios import Drift, overlapping_scene, simulate_sweep
from support.cases import SMALL_CHOICE, small_parts

MEAN = np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def body():
    return Body(voxelise(small_parts(), np.array([18.0, 10.0, 21.0]), 1.5), 1.5)


@pytest.fixture
def item(camera):
    """What a scenario asks of a shipped object."""
    return SimpleNamespace(name="small", range_mm=SMALL_CHOICE.range_mm, camera=lambda side: camera)


def test_one_body_in_a_world_is_the_single_objects_scene(small_case, camera, body, rng):
    anatomy = random_anatomy(rng, 50.0)
    scene = Scene(body.volume, small_case.pose_frame, camera, Detector(), anatomy, body.step_mm)
    six = MEAN + [5, -3, 20, 10, 5, 5]
    pose = pose_from_six(six, small_case.pose_frame)
    around = pose_from_six(MEAN, small_case.pose_frame) @ rigid(np.eye(3), small_case.pose_frame.centre_mm)
    world = World((body,), Surroundings(anatomy), camera, Detector())
    pixels = simulate_placed_frame(world, PlacedFrame(0.0, np.eye(4), (pose,), around), np.random.default_rng(3))
    np.testing.assert_array_equal(pixels, simulate_frame(scene, six, MEAN, np.random.default_rng(3)))


def test_line_integrals_of_two_bodies_add_up_before_the_physics(small_case, camera, body):
    poses = tuple(pose_from_six(MEAN + [x, 0, 0, 0, 0, 0], small_case.pose_frame) for x in (-4.0, 6.0))
    world = World((body, body), Surroundings(), camera, Detector())
    pixels = simulate_placed_frame(world, PlacedFrame(0.0, np.eye(4), poses, np.eye(4)), np.random.default_rng(3))
    lines = sum(object_lines(body.volume, camera, pose, body.step_mm) for pose in poses)
    zero = np.zeros_like(lines)
    np.testing.assert_array_equal(pixels, expose(lines, zero, zero, Detector(), np.random.default_rng(3)))


def test_a_run_does_not_depend_on_the_workers(small_case, camera, body):
    pose = pose_from_six(MEAN, small_case.pose_frame)
    world = World((body,), Surroundings(), camera, Detector())
    frames = [PlacedFrame(n / 15.0, np.eye(4), (pose,), np.eye(4)) for n in range(3)]
    for a, b in zip(*(simulate_placed_run(world, frames, 7, workers=n) for n in (1, 3)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_sweep_turns_the_camera_about_the_isocentre_and_leaves_the_object(small_case, body, item, rng):
    angles = [(angle, 0.0) for angle in (-20.0, 0.0, 20.0)]
    _, frames = simulate_sweep(item, body, small_case.pose_frame, small_case.size_mm, angles, 10.0, rng)
    for frame in frames:
        np.testing.assert_allclose(transform(frame.camera_from_world, np.zeros(3)), [0.0, 0.0, item.range_mm])
        np.testing.assert_array_equal(frame.world_from_volumes[0], frames[0].world_from_volumes[0])
    axes = [frame.camera_from_world[2, :3] for frame in frames]
    assert np.rad2deg(np.arccos(axes[0] @ axes[2])) == pytest.approx(40.0)
    assert [frame.time_s for frame in frames] == [0.0, 0.1, 0.2]


def test_a_drifting_object_moves_and_turns_about_its_centre(small_case):
    pose, centre = pose_from_six(MEAN, small_case.pose_frame), small_case.pose_frame.centre_mm
    drift = Drift(np.array([3.0, 0.0, -1.0]), np.array([0.0, 0.2, 0.0]))
    later = drift.move(2.0, pose, centre)
    np.testing.assert_allclose(transform(later, centre) - transform(pose, centre), [6.0, 0.0, -2.0], atol=1e-9)
    np.testing.assert_allclose(drift.move(0.0, pose, centre), pose, atol=1e-12)


def test_objects_of_a_crowd_overlap_and_are_seen(small_case, body, item, rng):
    wide = camera_from_detector(256, 256, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1100.0)
    item.camera = lambda side: wide
    frames, sizes = [small_case.pose_frame] * 4, [small_case.size_mm] * 4
    world, at = overlapping_scene([item] * 4, [body] * 4, frames, sizes, rng)
    centres = np.array([transform(at.camera_from_volume(n), small_case.pose_frame.centre_mm) for n in range(4)])
    pixels = project(wide, centres)
    assert len(world.bodies) == 4
    assert ((pixels > 0) & (pixels < 255)).all()
    for n in range(1, 4):
        assert np.linalg.norm(centres[:n, :2] - centres[n, :2], axis=1).min() < 0.5 * small_case.size_mm
