"""An estimate as a registration: what a client reads of it, and its times."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.tolerance import EXACT
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.result import (
    AssessedPose,
    FrameView,
    ObjectEstimate,
    registration_from,
    tolerance_of,
)
from support.shots import believed

SURE = Assessment(Status.TRACKING, 0.9, ErrorEstimate(0.1, 1.0, 0.5))


@pytest.fixture
def estimate(small_case, camera, pose):
    """Two views; the second one, which has no part in the answer, took longer to regress."""
    first = believed(small_case, camera, pose, presence=0.9)
    second = believed(small_case, camera, pose, presence=0.2).with_times_of(first, first)
    poses = (AssessedPose(first, SURE, 0.8), AssessedPose(second, SURE, 0.3))
    return ObjectEstimate(np.eye(4), SURE, np.diag(np.arange(1.0, 7.0)), poses, ("", "it is covered"))


def test_pose_and_likeness_are_the_first_views(estimate, pose):
    found = registration_from(["a", "b"], estimate, preprocess_ns=0, total_ns=0, searched=False)
    np.testing.assert_array_equal(found.camera_from_volume, pose)
    np.testing.assert_array_equal(found.world_from_volume, np.eye(4))
    assert found.likeness == 0.8
    assert found.assessment is SURE
    assert found.information is estimate.information


def test_each_view_says_whether_it_has_a_part_and_why_not(estimate):
    found = registration_from(["a", "b"], estimate, preprocess_ns=0, total_ns=0, searched=False)
    assert [(view.name, view.used, view.why) for view in found.views] == [
        ("a", True, ""),
        ("b", False, "it is covered"),
    ]
    assert [(view.presence, view.likeness) for view in found.views] == [(0.9, 0.8), (0.2, 0.3)]


def test_times_are_those_of_the_view_that_took_longest_in_ms(estimate):
    found = registration_from(["a", "b"], estimate, preprocess_ns=5_000_000, total_ns=20_000_000, searched=False)
    assert found.timing_ms == pytest.approx(
        {"preprocess": 5.0, "regress": 2e-6, "refine": 4e-6, "quality": 6e-6, "total": 20.0}
    )


def test_the_time_that_went_to_judging_the_whole_answer_is_quality(estimate):
    times = {"preprocess_ns": 0, "total_ns": 20_000_000, "searched": False}
    found = registration_from(["a", "b"], estimate, judge_ns=2_000_000, **times)
    assert found.timing_ms["quality"] == pytest.approx(2.000006)


def test_what_is_left_of_the_time_of_a_search_is_locate(estimate):
    found = registration_from(["a", "b"], estimate, preprocess_ns=5_000_000, total_ns=20_000_000, searched=True)
    parts = sum(value for stage, value in found.timing_ms.items() if stage != "total")
    assert parts == pytest.approx(found.timing_ms["total"])
    assert found.timing_ms["locate"] == pytest.approx(15.0, rel=1e-5)


def test_there_is_a_name_for_each_view(estimate):
    with pytest.raises(ValueError, match="zip"):
        registration_from(["a"], estimate, preprocess_ns=0, total_ns=0, searched=False)


def test_stated_errors_include_the_tolerance_of_the_cameras_that_have_a_part(estimate, camera):
    views = [FrameView(np.zeros((camera.rows, camera.columns)), PlacedCamera(camera)) for _ in range(2)]
    at_start = replace(estimate, world_from_volume=estimate.poses[0].estimate.camera_from_volume)
    depth_mm = 900.0
    exact = [replace(view, placed=PlacedCamera(camera, tolerance=EXACT)) for view in views]
    assert not tolerance_of(exact, at_start, np.zeros(3)).any()
    assumed = tolerance_of(views, at_start, np.zeros(3))
    assert np.sqrt(assumed[2, 2]) == pytest.approx(0.005 * depth_mm, rel=0.1)
    found = registration_from(["a", "b"], at_start, preprocess_ns=0, total_ns=0, searched=False, from_tolerance=assumed)
    assert found.error_estimate.depth_mm == pytest.approx(np.sqrt(1.0 / 3.0 + assumed[2, 2]))
    np.testing.assert_allclose(found.covariance, np.diag(1.0 / np.arange(1.0, 7.0)) + assumed)


def test_a_mirrored_view_has_frame_and_mask_read_from_right_to_left(camera):
    pixels = np.arange(camera.rows * camera.columns, dtype=np.uint16).reshape(camera.rows, camera.columns)
    mask = FieldMask(hidden_px=((0.0, 0.0, 3.0, 2.0),))
    view = FrameView(pixels, PlacedCamera(camera, mask=mask), "lateral", inverted=True)
    mirrored = view.mirrored()
    np.testing.assert_array_equal(mirrored.pixels, pixels[:, ::-1])
    shown = mask.shown(camera.rows, camera.columns)
    np.testing.assert_array_equal(mirrored.placed.mask.shown(camera.rows, camera.columns), shown[:, ::-1])
    assert mirrored.placed.camera is camera
    assert (mirrored.name, mirrored.inverted) == ("lateral", True)
    assert FrameView(pixels, PlacedCamera(camera)).mirrored().placed.mask is None
