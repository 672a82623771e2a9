"""Poses are continuous where one chart of views ends and the next begins."""

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rotation import about_x, about_y, angle_between, from_rotation_vector
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.residual import (
    Group,
    align_view,
    apply_residual,
    residual_change,
    residual_change_twin,
    residual_to_pose,
)
from fluoropose.registration.result import FrameView
from support.cases import tiny_resident

CAMERA = camera_from_detector(256, 256, row_spacing_mm=0.45, column_spacing_mm=0.45, source_to_detector_mm=1200.0)
EXACT = [about_y(np.deg2rad(45.0)), about_x(np.deg2rad(45.0)), about_y(np.deg2rad(-45.0)), about_y(np.deg2rad(135.0))]
RANDOM = [from_rotation_vector(np.random.default_rng(seed).normal(size=3) * 2.0) for seed in range(6)]


@pytest.fixture(scope="module")
def resident(small_case):
    return tiny_resident(small_case, load_bundle(universal_bundle_folder(shipped_models_root(), in_body=False)))


def pose_of(resident, turn):
    view = resident.atlas.view
    return pose_from_canonical(np.eye(3), turn @ view.base_rotation, np.array([2.0, -3.0, view.range_mm]), view)


@pytest.mark.parametrize("turn", EXACT + RANDOM)
def test_a_pose_is_the_same_by_the_residual_of_any_chart(resident, turn):
    """Of each chart whose grid holds the direction, the pose's own residual leads back to the pose."""
    atlas, pose = resident.atlas, pose_of(resident, turn)
    count = atlas.sphere.chart.count
    views = {index // count: index for index in atlas.sphere.around(turn[2] @ atlas.view.base_rotation, 4.0)}
    assert views
    for index in views.values():
        alignment = align_view(pose, CAMERA, atlas, stay=index)
        back = apply_residual(alignment, residual_to_pose(pose, alignment, atlas), Group.ALL, atlas)
        np.testing.assert_allclose(back, pose, atol=1e-9)
        change = residual_change(alignment, np.eye(4), atlas)
        np.testing.assert_allclose(change, residual_change_twin(pose, alignment, np.eye(4), atlas), atol=1e-4)


@pytest.mark.parametrize("turn", EXACT)
def test_frames_on_both_sides_of_a_border_give_one_pose(resident, turn):
    """A frame is registered from starts a hair's breadth on both sides of a border, which lie in different charts."""
    truth = pose_of(resident, turn)
    lines = PlaneRenderer(resident.case.volume).render(CAMERA, truth)
    view = FrameView(lines.astype(np.float32), PlacedCamera(CAMERA), meaning=PixelMeaning.LINE_INTEGRAL)
    found, charts = [], set()
    for side in (-0.01, 0.01):
        axis = about_y if abs(turn[0, 2]) > abs(turn[1, 2]) else about_x
        start = pose_of(resident, axis(side) @ turn)
        charts.add(resident.atlas.locate(start)[1] // resident.atlas.sphere.chart.count)
        found.append(register(resident, [view], Plan(start, nearby=False)).camera_from_volume)
    assert len(charts) == 2
    centre = resident.atlas.view.centre_mm
    errors = [np.rad2deg(angle_between(pose[:3, :3], truth[:3, :3])) for pose in found]
    assert max(errors) < 0.5
    apart = (found[0][:3, :3] - found[1][:3, :3]) @ centre + found[0][:3, 3] - found[1][:3, 3]
    assert np.linalg.norm(apart[:2]) < 0.05
