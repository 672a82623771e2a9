"""Several views of one instant with a tiny model: one pose in the world, whatever their sizes."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.multi_view import JOINT, OneViewSteps, estimate_views
from fluoropose.registration.pipeline import estimate_in_view, register, search
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE
from fluoropose.registration.result import FrameView
from support.cases import tiny_resident
from support.steppers import recorded_case
from support.views import one_view


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


@pytest.fixture
def second(small_case, camera, pose):
    """A second view, 30 degrees about the object's long axis, with its frame."""
    centre = pose[:3, :3] @ small_case.atlas.view.centre_mm + pose[:3, 3]
    turn = about_y(np.deg2rad(30.0))
    place = rigid(turn, centre - turn @ centre)
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, place @ pose)
    pixels = np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)
    return FrameView(pixels, PlacedCamera(camera, place), "side")


def test_poses_of_all_views_are_one_pose_in_the_world(resident, camera, frame, pose, second):
    views = [one_view(frame, camera, name="front"), second]
    found = register(resident, views, Plan(pose, False))
    assert [view.name for view in found.views] == ["front", "side"]
    for view, report in zip(views, found.views, strict=True):
        expected = view.placed.camera_from_world @ found.world_from_volume
        np.testing.assert_allclose(report.camera_from_volume, expected, atol=1e-9)
    assert any(report.used for report in found.views)
    assert all(report.used or report.why for report in found.views)
    parts = sum(value for stage, value in found.timing_ms.items() if stage != "total")
    assert 0.0 < parts <= found.timing_ms["total"] * 1.001


def test_the_same_instant_gives_the_same_pose_to_the_last_bit(resident, camera, frame, pose, second):
    views = [one_view(frame, camera), second]
    first, again = (register(resident, views, Plan(pose, False)).world_from_volume for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_frames_of_different_sizes_are_solved_in_one_batch(resident, camera, frame, pose, second):
    wide = replace(second.placed.camera.scale_pixels(0.5))
    pixels = np.repeat(np.repeat(second.pixels, 2, axis=0), 2, axis=1)
    placed = PlacedCamera(wide, second.placed.camera_from_world)
    visits = []
    views = [one_view(frame, camera), FrameView(pixels, placed)]
    assert len(register(recorded_case(resident, visits), views, Plan(pose, False)).views) == 2
    assert len(visits[0].frames) == 2


def test_views_of_two_cases_are_solved_in_a_batch_each(resident, camera, frame, pose, second):
    """The same object under two names gives the pose that one case gives."""
    visits = []
    cases = [recorded_case(resident, visits, name) for name in ("front", "side")]
    together = register(cases[0], [one_view(frame, camera), second], Plan(pose, False))
    assert len(visits[0].frames) == 2
    visits.clear()
    apart = register(cases[0], [one_view(frame, camera), replace(second, resident=cases[1])], Plan(pose, False))
    assert [(visit.label, len(visit.frames)) for visit in visits[:2]] == [("front", 1), ("side", 1)]
    assert visits[0].networks == visits[1].networks
    np.testing.assert_allclose(apart.world_from_volume, together.world_from_volume, atol=1e-3)


@pytest.mark.parametrize("contradiction", [0.0, np.inf])
def test_views_that_contradict_each_other_are_not_believed_together(
    resident, camera, frame, pose, second, contradiction
):
    """Where no disagreement is allowed, the best view's own estimate counts and the other one says why it does not."""
    sure = recorded_case(resident, [], presence=1.0)
    prepared = prepare_views(sure, [one_view(frame, camera), second], {})
    steps, settings = OneViewSteps(estimate_in_view, search), replace(JOINT, contradiction=contradiction)
    estimate = estimate_views(prepared, Plan(pose, True), DEFAULT_SCHEDULE, steps, settings)
    used = [not reason for reason in estimate.reasons]
    if contradiction:
        assert used == [True, True]
    else:
        assert sorted(used) == [False, True]
        assert any("contradicts" in reason for reason in estimate.reasons)
        best = used.index(True)
        alone = estimate_in_view(prepared[best], Plan(pose, True))
        np.testing.assert_array_equal(estimate.world_from_volume, alone.world_from_volume)
