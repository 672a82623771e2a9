"""Several views of one instant through the engine, with a tiny model: geometry, refusals, and one view as today."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse, rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView
from fluoropose.serving.case_cache import CaseCache


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    case_cache = CaseCache(open_device("cpu", 1))
    return case_cache.add(small_case, load_bundle(models_root / "small"))


@pytest.fixture
def second(small_case, camera, pose):
    """A second view, 30 degrees about the object's long axis, with its frame."""
    centre = pose[:3, :3] @ small_case.atlas.view.centre_mm + pose[:3, 3]
    turn = about_y(np.deg2rad(30.0))
    place = rigid(turn, centre - turn @ centre)
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, place @ pose)
    pixels = np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)
    return FrameView(pixels, PlacedCamera(camera, place), "side")


def solve(resident, views, pose, nearby=False):
    return resident.register_views(views, PixelMeaning.INTENSITY, False, Plan(pose, nearby))


def test_one_view_is_registered_as_it_always_was(resident, camera, frame, pose):
    alone = resident.register(frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False))
    found = solve(resident, [FrameView(frame, PlacedCamera(camera))], pose)
    np.testing.assert_array_equal(found.camera_from_volume, alone.camera_from_volume)
    np.testing.assert_array_equal(found.world_from_volume, alone.camera_from_volume)
    assert found.views[0].used
    assert found.views[0].why == ""
    assert np.linalg.eigvalsh(found.information).min() > 0


def test_one_view_in_a_world_differs_by_the_world_only(resident, camera, frame, pose, second):
    place = second.placed.camera_from_world
    alone = resident.register(frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False))
    found = solve(resident, [FrameView(frame, PlacedCamera(camera, place))], inverse(place) @ pose)
    np.testing.assert_allclose(found.camera_from_volume, alone.camera_from_volume, atol=1e-6)
    np.testing.assert_allclose(place @ found.world_from_volume, found.camera_from_volume, atol=1e-9)


def test_poses_of_all_views_are_one_pose_in_the_world(resident, camera, frame, pose, second):
    views = [FrameView(frame, PlacedCamera(camera), "front"), second]
    found = solve(resident, views, pose)
    assert [view.name for view in found.views] == ["front", "side"]
    for view, report in zip(views, found.views, strict=True):
        expected = view.placed.camera_from_world @ found.world_from_volume
        np.testing.assert_allclose(report.camera_from_volume, expected, atol=1e-9)
    assert any(report.used for report in found.views)
    assert all(report.used or report.why for report in found.views)
    parts = sum(value for stage, value in found.timing_ms.items() if stage != "total")
    assert 0.0 < parts <= found.timing_ms["total"] * 1.001


def test_the_same_instant_gives_the_same_pose_to_the_last_bit(resident, camera, frame, pose, second):
    views = [FrameView(frame, PlacedCamera(camera)), second]
    first, again = (solve(resident, views, pose).world_from_volume for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_frames_of_different_sizes_are_solved_in_one_batch(resident, camera, frame, pose, second):
    wide = replace(second.placed.camera.scale_pixels(0.5))
    pixels = np.repeat(np.repeat(second.pixels, 2, axis=0), 2, axis=1)
    views = [
        FrameView(frame, PlacedCamera(camera)),
        FrameView(pixels, PlacedCamera(wide, second.placed.camera_from_world)),
    ]
    assert len(solve(resident, views, pose).views) == 2


def test_the_same_camera_twice_is_refused(resident, camera, frame, pose):
    view = FrameView(frame, PlacedCamera(camera), "front")
    with pytest.raises(GeometryError, match="same camera twice: 'front' and 'view 2'"):
        solve(resident, [view, replace(view, name="")], pose)


def test_cameras_that_look_past_each_other_are_refused(resident, camera, frame, pose, second):
    away = rigid(np.eye(3), np.array([0.0, 5000.0, 0.0])) @ second.placed.camera_from_world
    with pytest.raises(GeometryError, match=r"contradict each other.* pass each other by"):
        solve(resident, [FrameView(frame, PlacedCamera(camera)), FrameView(frame, PlacedCamera(camera, away))], pose)


def test_views_of_different_objects_are_refused(resident, small_case, camera, frame, pose, second):
    class Other:
        case = replace(small_case, name="other", corners_mm=small_case.corners_mm + [0.0, 2.5, 0.0])

    views = [FrameView(frame, PlacedCamera(camera), "front"), replace(second, resident=Other())]
    with pytest.raises(InputError, match=r"'small' in 'front' and 'other' in 'side'.* 2.50 mm"):
        solve(resident, views, pose)


def test_no_view_is_refused(resident, pose):
    with pytest.raises(InputError, match="at least one view"):
        solve(resident, [], pose)
