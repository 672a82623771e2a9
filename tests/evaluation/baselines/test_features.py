"""Features find the small object, measure a known shift, and say so when they cannot look."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.baselines.features import (
    FEATURES,
    FeatureSearch,
    Stride,
    edges_of,
    match_edges,
    register_features,
)
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import project
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.similarity.gradient import gradients


def test_features_find_the_object(target, truth, exposure, start, small_case):
    # The small object's voxels are two pixels wide, so that its DRR's slopes have steps to be smoothed away.
    settings = replace(FEATURES, smooth_px=2.0)
    found = register_features(target, exposure, start, settings)
    before, after = (pose_error(pose, truth, small_case.corners_mm) for pose in (start, found))
    assert after.mtre_proj_mm < 0.01 * small_case.size_mm < before.mtre_proj_mm


def test_edge_points_lie_on_their_rays_inside_the_object(target, truth, exposure, small_case):
    level = target.level(exposure, 1 / 64)
    edges = edges_of(level, target, truth, FEATURES)
    np.testing.assert_allclose(project(level.camera, edges.points_mm), edges.pixels, atol=1e-6)
    placed = transform(np.linalg.inv(truth), edges.points_mm)
    low, high = small_case.corners_mm.min(axis=0), small_case.corners_mm.max(axis=0)
    assert ((placed > low - 6.0) & (placed < high + 6.0)).all()
    np.testing.assert_allclose(np.linalg.norm(edges.normals, axis=1), 1.0)


def test_matching_measures_a_known_shift(target, truth, fine_camera, small_case):
    level = target.level(Exposure(np.full((192, 192), 9, np.uint8), fine_camera, PixelMeaning.INTENSITY), 1 / 64)
    edges = edges_of(level, target, truth, FEATURES)
    shifted = pose_from_six(six_from_pose(truth, small_case.pose_frame) + [1.2, 0, 0, 0, 0, 0], small_case.pose_frame)
    shift_px = 1.2 * level.camera.focal_px / 890.0
    slopes = gradients(level.drr(level.camera, shifted, FEATURES.floor), FEATURES.smooth_px)
    found = match_edges(slopes, edges, 4.0, FeatureSearch((), near_share=0.0))
    across = edges.normals[:, 0] > 0.9
    assert np.median(found.distances[across & (found.weights > 0)]) == pytest.approx(shift_px, abs=0.15)


def test_an_object_out_of_sight_is_an_error(target, exposure, truth):
    away = truth.copy()
    away[0, 3] += 400.0
    with pytest.raises(InputError, match="inside the frame"):
        register_features(target, exposure, away, FeatureSearch((Stride(1 / 32, 2, 3.0),)))
