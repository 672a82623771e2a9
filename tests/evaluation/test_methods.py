"""Every baseline finds the small object from a start that is a little off, and says so when it cannot look."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.baselines.claret import LinearSettings, train_claret
from fluoropose.evaluation.baselines.evolution import CMA_GC, cma_es
from fluoropose.evaluation.baselines.features import (
    FEATURES,
    FeatureSearch,
    Stride,
    edges_of,
    match_edges,
    register_features,
)
from fluoropose.evaluation.baselines.intensity import Search, Stage, likeness_of, search
from fluoropose.evaluation.baselines.powell import powell
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.similarity.gradient import gradients

CAMERA = camera_from_detector(192, 192, row_spacing_mm=0.8, column_spacing_mm=0.8, source_to_detector_mm=1100.0)
OFF = np.array([0.8, -0.6, 6.0, 1.5, -5.0, 4.0])


@pytest.fixture(scope="module")
def target(small_case):
    return Target(small_case)


@pytest.fixture(scope="module")
def truth(small_case):
    return pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)


@pytest.fixture(scope="module")
def exposure(small_case, truth):
    lines = CpuRenderer(small_case.volume, 0.7).render(CAMERA, truth)
    v, u = np.mgrid[0:192, 0:192] / 192.0
    pixels = np.round(50000.0 * np.exp(-lines - 0.4 * u - 0.2 * v * v) + 500.0).astype(np.uint16)
    return Exposure(pixels, CAMERA, PixelMeaning.INTENSITY)


@pytest.fixture(scope="module")
def start(small_case, truth):
    return pose_from_six(six_from_pose(truth, small_case.pose_frame) + OFF, small_case.pose_frame)


def error_of(pose, truth, case):
    return pose_error(pose, truth, case.corners_mm)


@pytest.mark.parametrize("measure", ["mi", "ncc", "gc"])
def test_each_measure_is_largest_near_the_truth(target, truth, exposure, small_case, measure):
    level = target.level(exposure, 1 / 64)
    likeness = likeness_of(level, target, truth, Search(()), measure)
    six = six_from_pose(truth, small_case.pose_frame)
    best = likeness(truth)
    for axis, step in enumerate([2.0, 2.0, 40.0, 4.0, 8.0, 8.0]):
        for side in (-step, step):
            moved = six.copy()
            moved[axis] += side
            assert likeness(pose_from_six(moved, small_case.pose_frame)) < best, axis


@pytest.mark.parametrize(
    ("optimise", "settings"),
    [
        (powell, Search((Stage("mi", 1 / 32, 300, 0.5, 1e-3), Stage("gc", 1 / 64, 300, 0.2, 1e-3)))),
        (cma_es, CMA_GC),
    ],
    ids=["powell", "cma"],
)
def test_a_search_finds_the_object(target, truth, exposure, start, small_case, optimise, settings):
    found = search(target, exposure, start, settings, optimise)
    before, after = error_of(start, truth, small_case), error_of(found, truth, small_case)
    assert after.mtre_proj_mm < 0.01 * small_case.size_mm < before.mtre_proj_mm
    again = search(target, exposure, start, settings, optimise)
    np.testing.assert_array_equal(again, found)


def test_features_find_the_object(target, truth, exposure, start, small_case):
    # The small object's voxels are two pixels wide, so that its DRR's slopes have steps to be smoothed away.
    settings = replace(FEATURES, smooth_px=2.0)
    found = register_features(target, exposure, start, settings)
    before, after = error_of(start, truth, small_case), error_of(found, truth, small_case)
    assert after.mtre_proj_mm < 0.01 * small_case.size_mm < before.mtre_proj_mm


def test_edge_points_lie_on_their_rays_inside_the_object(target, truth, exposure, small_case):
    level = target.level(exposure, 1 / 64)
    edges = edges_of(level, target, truth, FEATURES)
    np.testing.assert_allclose(project(level.camera, edges.points_mm), edges.pixels, atol=1e-6)
    placed = transform(np.linalg.inv(truth), edges.points_mm)
    low, high = small_case.corners_mm.min(axis=0), small_case.corners_mm.max(axis=0)
    assert ((placed > low - 6.0) & (placed < high + 6.0)).all()
    np.testing.assert_allclose(np.linalg.norm(edges.normals, axis=1), 1.0)


def test_matching_measures_a_known_shift(target, truth, small_case):
    level = target.level(Exposure(np.full((192, 192), 9, np.uint8), CAMERA, PixelMeaning.INTENSITY), 1 / 64)
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


def test_linear_regression_learns_where_training_looked(target, truth, exposure, small_case):
    settings = LinearSettings(zones=1, views=60, offsets=6, scales=(0.5,), repeats=2, background=0.2)
    trained = train_claret(target, settings)
    six = six_from_pose(truth, small_case.pose_frame)
    start = pose_from_six(six + [0.8, -0.6, 0.0, 1.5, 0.0, 0.0], small_case.pose_frame)
    found = trained.register(target, exposure, start)
    before, after = (error_of(pose, truth, small_case) for pose in (start, found))
    assert after.in_plane_mm < 0.5 * before.in_plane_mm
    np.testing.assert_array_equal(trained.maps[0, 0].slopes, train_claret(target, settings).maps[0, 0].slopes)
