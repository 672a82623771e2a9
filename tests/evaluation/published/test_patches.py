"""Patches stand where, as wide and as turned as the pose says; residuals see neither offset nor contrast."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.published.comparison import ExactDrr
from fluoropose.evaluation.published.patches import PATCH_PX, crop, crop_twin, in_patch_axes, local_residual, patch_rays
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.geometry.camera import project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform

SIX = np.array([4.0, -7.0, 860.0, 25.0, 3.0, -6.0])
SIDE_MM = 12.0


@pytest.fixture
def points(small_case, rng):
    return small_case.corners_mm.mean(axis=0) + rng.uniform(-8.0, 8.0, (5, 3))


def test_a_patch_is_centred_scaled_and_turned_by_the_pose(small_case, camera, points):
    rays = patch_rays(SIX, points, small_case.pose_frame, SIDE_MM, PATCH_PX)
    seen = camera.intrinsic_matrix @ rays
    middle = (PATCH_PX - 1) / 2
    centres = (seen @ [middle, middle, 1.0])[:, :2]
    expected = project(camera, transform(pose_from_six(SIX, small_case.pose_frame), points))
    np.testing.assert_allclose(centres, expected, atol=1e-9)
    side = (rays @ [PATCH_PX, 0.0, 1.0] - rays @ [0.0, 0.0, 1.0])[:, :2] * SIX[2]
    np.testing.assert_allclose(np.linalg.norm(side, axis=1), SIDE_MM)
    np.testing.assert_allclose(np.rad2deg(np.arctan2(side[:, 1], side[:, 0])), 25.0)


def test_crop_agrees_with_its_twin_beyond_the_border_too(rng):
    image = rng.normal(size=(40, 50)).astype(np.float32)
    matrices = np.eye(3) + rng.normal(size=(4, 3, 3)) * [[0.3, 0.3, 9.0], [0.3, 0.3, 9.0], [1e-4, 1e-4, 0.0]]
    np.testing.assert_allclose(crop(image, matrices, 31), crop_twin(image, matrices, 31), atol=1e-4)


def test_the_residual_of_a_pose_with_itself_is_nothing_and_of_another_is_not(small_case, points):
    """Turned, moved and nearer, the patches show the same: that is what makes the residual pose-indexed."""
    shown = ExactDrr(CpuRenderer(small_case.volume, 0.5), small_case.pose_frame)

    def patches(six):
        rays = patch_rays(six, points, small_case.pose_frame, SIDE_MM, PATCH_PX)
        return shown.patches(six, rays, PATCH_PX)

    here = patches(SIX)
    moved = SIX + np.array([0.0, 0.0, 0.0, 140.0, 0.0, 0.0])
    other = SIX + np.array([0.0, 0.0, 0.0, 0.0, 12.0, 0.0])
    assert np.abs(patches(moved) - here).mean() < 0.08 * np.abs(patches(other) - here).mean()


def test_the_residual_ignores_offset_and_contrast_of_the_xray(small_case, points):
    camera = picture_camera(small_case, SIX)
    lines = CpuRenderer(small_case.volume, 0.5).render(camera, pose_from_six(SIX, small_case.pose_frame))
    rays = patch_rays(SIX + [0.5, 0, 0, 0, 0, 0], points, small_case.pose_frame, SIDE_MM, PATCH_PX)
    xray = crop(lines, camera.intrinsic_matrix @ rays, PATCH_PX)
    residual = local_residual(xray, xray)
    np.testing.assert_allclose(local_residual(xray, 1.7 * xray + 0.9), residual, atol=0.02)
    assert np.abs(local_residual(xray, xray[::-1])).mean() > 3.0 * np.abs(residual).mean()


def test_shifts_along_the_patches_axes(rng):
    change = rng.normal(size=(3, 6))
    turned = in_patch_axes(change, 90.0)
    np.testing.assert_allclose(turned[:, 0], change[:, 1])
    np.testing.assert_allclose(turned[:, 1], -change[:, 0])
    np.testing.assert_allclose(in_patch_axes(turned, -90.0), change)
