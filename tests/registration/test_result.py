"""An estimate as a registration: what a client reads of it, and its times."""

import numpy as np
import pytest

from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.result import AssessedPose, ObjectEstimate, registration_from
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


def test_what_is_left_of_the_time_of_a_search_is_locate(estimate):
    found = registration_from(["a", "b"], estimate, preprocess_ns=5_000_000, total_ns=20_000_000, searched=True)
    parts = sum(value for stage, value in found.timing_ms.items() if stage != "total")
    assert parts == pytest.approx(found.timing_ms["total"])
    assert found.timing_ms["locate"] == pytest.approx(15.0, rel=1e-5)


def test_there_is_a_name_for_each_view(estimate):
    with pytest.raises(ValueError, match="zip"):
        registration_from(["a"], estimate, preprocess_ns=0, total_ns=0, searched=False)
