"""Scenarios in one world: sweeps turn about the isocentre, objects drift about their centres, several overlap."""

from types import SimpleNamespace

import numpy as np
import pytest

from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.objects.catalogue import shipped_object
from fluoropose.simulate.scenarios import Drift, overlapping_scene, shipped_body, simulate_sweep
from support.cases import EXPECTED_SIX, SMALL_CHOICE


@pytest.fixture
def item(camera):
    """What a scenario asks of a shipped object."""
    return SimpleNamespace(name="small", range_mm=SMALL_CHOICE.range_mm, camera=lambda side: camera)


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
    pose, centre = pose_from_six(EXPECTED_SIX, small_case.pose_frame), small_case.pose_frame.centre_mm
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


def test_a_shipped_body_is_sampled_finer_than_its_atlas():
    item = shipped_object("probe")
    coarse = SimpleNamespace(voxel_mm=2.0, volume=item.volume)
    body = shipped_body(coarse)
    assert body.step_mm == pytest.approx(1.2)
    np.testing.assert_allclose(body.volume.spacing_mm, 1.2)


def test_a_detector_of_fewer_pixels_has_the_same_field_and_dose(small_case, body, item, rng):
    """Half as many pixels along a side take four times the quanta each, and blur half as many pixels wide."""
    angles = [(0.0, 0.0)]
    whole, half = (
        simulate_sweep(item, body, small_case.pose_frame, 50.0, angles, 10.0, rng, side_px=side)[0].detector
        for side in (512, 256)
    )
    assert half.open_counts == 4.0 * whole.open_counts
    assert (half.blur_px, half.scatter_px) == (whole.blur_px / 2, whole.scatter_px / 2)


def test_a_drift_moves_the_object_of_a_sweep(small_case, body, item, rng):
    drift = Drift(np.array([10.0, 0.0, 0.0]), np.zeros(3))
    angles = [(0.0, 0.0)] * 3
    _, frames = simulate_sweep(item, body, small_case.pose_frame, 50.0, angles, 10.0, rng, drift=drift)
    moved = [frame.world_from_volumes[0][:3, 3] - frames[0].world_from_volumes[0][:3, 3] for frame in frames]
    np.testing.assert_allclose(moved, [[0, 0, 0], [1, 0, 0], [2, 0, 0]], atol=1e-9)
