"""The comparison pictures: exact patches are crops of the exact picture, and on the grid the atlas shows the same."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.patches import crop, patch_rays
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six


@pytest.fixture
def points(small_case, rng):
    return small_case.corners_mm.mean(axis=0) + rng.uniform(-8.0, 8.0, (4, 3))


def test_exact_patches_are_crops_of_a_fine_picture(small_case, points):
    six = np.array([3.0, -2.0, 850.0, 33.0, 4.0, -3.0])
    rays = patch_rays(six, points, small_case.pose_frame, 12.0, 52)
    focal = 4.0 * small_case.atlas.view.camera.focal_px
    fine = Camera(700, 700, np.array([[focal, 0, 349.5], [0, focal, 349.5], [0, 0, 1.0]]))
    pose = pose_from_six(six, small_case.pose_frame)
    expected = crop(CpuRenderer(small_case.volume, 1.0).render(fine, pose), fine.intrinsic_matrix @ rays, 52)
    found = comparison_named("exact", small_case).patches(six, rays, 52)
    assert np.abs(found - expected).mean() < 0.01 * expected.max()


def test_on_the_grid_the_atlas_shows_the_exact_pose(small_case, points):
    six = np.array([0.0, 0.0, 900.0, 20.0, 4.0, -8.0])
    atlas, exact = comparison_named("atlas", small_case), comparison_named("exact", small_case)
    np.testing.assert_allclose(atlas.reference(six), six, atol=1e-9)
    rays = patch_rays(six, points, small_case.pose_frame, 12.0, 52)
    here, there = atlas.patches(six, rays, 52), exact.patches(six, rays, 52)
    assert np.abs(here - there).mean() < 0.05 * there.max()


def test_off_the_grid_the_reference_is_turned_to_it(small_case):
    six = np.array([5.0, 3.0, 880.0, -30.0, 5.0, -3.2])
    reference = comparison_named("atlas", small_case).reference(six)
    np.testing.assert_allclose(reference[:3], six[:3], atol=1e-9)
    np.testing.assert_allclose(reference[4:], [4.0, -4.0], atol=0.5)


def test_comparisons_are_named(small_case):
    with pytest.raises(InputError, match="exact, atlas, got 'near'"):
        comparison_named("near", small_case)
