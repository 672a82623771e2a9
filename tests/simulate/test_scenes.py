"""Prepared scenes: which object, anatomy, detector and motion they hold."""

import numpy as np
import pytest

from fluoropose.geometry.camera import project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.simulate.motion import DEFAULT_REACH
from fluoropose.simulate.physics import BONE, METAL
from fluoropose.simulate.scenes import FINER_SHARE, ct_camera, ct_scene, run_motions, shipped_scene
from support.cases import EXPECTED_SIX, small_volume


def test_a_shipped_object_stands_in_a_trunk_or_a_limb(small_case, camera):
    scenes = [
        shipped_scene(small_case, small_volume(0.9), camera, 1.5, np.random.default_rng(3), limb=limb)
        for limb in (False, True)
    ]
    trunk, limb = (scene.anatomy.tissue[0].semi_axes_mm[0] for scene in scenes)
    assert trunk > limb
    for scene in scenes:
        assert scene.step_mm == FINER_SHARE * 1.5
        assert scene.detector.bits in (10, 12, 14, 16)
        assert scene.detector.materials == tuple(METAL)
        assert scene.rest is None


def test_the_object_of_a_ct_stands_in_the_rest_which_goes_on_beyond_its_cuts(surrounded_case, camera):
    scene = ct_scene(surrounded_case, camera)
    assert scene.anatomy is None
    assert scene.detector.materials == tuple(BONE)
    before, after = (np.array(volume.values.shape) for volume in (surrounded_case.rest, scene.rest))
    # 200 mm in voxels of 3 mm on both ends of the long axis.
    assert (after - before).tolist() == [0, 0, 2 * 66]


def test_voxels_much_finer_than_a_pixel_are_pooled(surrounded_case):
    """A pixel of the coarse camera sees 2.5 of the object's voxels, one of the fine camera less than a voxel."""
    spacing = surrounded_case.volume.spacing_mm
    wide = ct_camera(surrounded_case)
    seen_mm = surrounded_case.atlas.view.range_mm / wide.focal_px
    coarse = ct_scene(surrounded_case, wide.scale_pixels(2.5 * spacing.min() / seen_mm))
    fine = ct_scene(surrounded_case, wide.scale_pixels(0.9 * spacing.min() / seen_mm))
    np.testing.assert_allclose(fine.volume.spacing_mm, spacing)
    np.testing.assert_allclose(coarse.volume.spacing_mm, 2 * spacing)
    np.testing.assert_allclose(coarse.rest.spacing_mm, surrounded_case.rest.spacing_mm)
    assert coarse.step_mm == pytest.approx(2 * fine.step_mm)
    # Nothing is lost at the ends: the attenuation in all is the same.
    amounts = [float(scene.volume.values.sum() * np.prod(scene.volume.spacing_mm)) for scene in (coarse, fine)]
    assert amounts[0] == pytest.approx(amounts[1], rel=1e-5)


def test_a_ct_without_a_rest_has_no_surroundings(small_case, camera):
    assert ct_scene(small_case, camera).rest is None


@pytest.mark.parametrize("side_px", [128, 512])
def test_the_camera_of_a_ct_shows_the_object_with_room_to_move(small_case, side_px):
    camera = ct_camera(small_case, side_px)
    pose = pose_from_six(EXPECTED_SIX, small_case.pose_frame)
    pixels = project(camera, transform(pose, small_case.corners_mm))
    span = np.linalg.norm(np.ptp(pixels, axis=0))
    assert 0.4 * side_px < span < 0.7 * side_px
    np.testing.assert_allclose(pixels.mean(axis=0), (side_px - 1) / 2, atol=0.01 * side_px)


def test_anatomy_moves_on_its_own_and_a_rest_follows_its_bone(small_case):
    alone = run_motions(small_case, np.random.default_rng(3), rest_moves=False)
    joined = run_motions(small_case, np.random.default_rng(3), rest_moves=True)
    times = np.linspace(0.0, 10.0, 40)
    off = [
        np.array([behind.evaluate(time_s) - moved.evaluate(time_s) for time_s in times])
        for moved, behind in (alone, joined)
    ]
    assert (np.abs(off[1]) <= 0.15 * DEFAULT_REACH + 1e-9).all()
    assert (np.abs(off[0]).max(axis=0) > np.abs(off[1]).max(axis=0)).all()
    np.testing.assert_array_equal(alone[0].mean, EXPECTED_SIX)
