"""Of several ends the one most like the frame is kept, and it is no sure one where another is as much like it."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.result import AssessedPose
from fluoropose.registration.rivals import (
    TriedEnd,
    best_end,
    has_settled,
    is_confirmed,
    is_convincing,
    is_doubtful,
    is_taken,
    tried_end,
)
from fluoropose.registration.view_agreement import detailed_similarity
from support.cases import EXPECTED_SIX, tiny_bundle, tiny_resident
from support.shots import believed
from support.views import one_view

SURE = Assessment(Status.TRACKING, 0.9, ErrorEstimate(0.1, 1.0, 0.5))


@pytest.fixture
def view(small_case, models_root, camera, frame):
    resident = tiny_resident(small_case, load_bundle(models_root / "small"))
    return prepare_views(resident, [one_view(frame, camera)], {})[0]


@pytest.fixture
def inside(surrounded_case, tmp_path, camera, frame):
    bundle = tiny_bundle(surrounded_case, tmp_path / "inside")
    return prepare_views(tiny_resident(surrounded_case, bundle), [one_view(frame, camera)], {})[0]


def pose_at(view, turned_deg):
    return pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, turned_deg, 0.0], view.resident.case.pose_frame)


def end(view, turned_deg, alike, assessment=SURE):
    estimate = believed(view.resident.case, view.camera, pose_at(view, turned_deg))
    return TriedEnd(AssessedPose(estimate, assessment, 0.7), alike)


def test_the_end_most_like_the_frame_is_kept_with_the_times_of_all(view):
    ends = [end(view, 0.0, 0.93), end(view, 12.0, 0.96), end(view, 20.0, 0.91)]
    found = best_end(view, ends)
    np.testing.assert_array_equal(found.estimate.camera_from_volume, pose_at(view, 12.0))
    assert found.assessment is SURE
    assert (found.estimate.regress_ns, found.estimate.refine_ns, found.estimate.quality_ns) == (3, 6, 9)


def test_a_rival_that_is_as_much_like_the_frame_is_said(view):
    ends = [end(view, 0.0, 0.9605), end(view, 12.0, 0.961)]
    assert best_end(view, ends).assessment == replace(SURE, status=Status.LOW_CONFIDENCE, reason="rival-pose")
    lost = replace(SURE, status=Status.LOST)
    assert best_end(view, [end(view, 0.0, 0.9605, lost), ends[1]]).assessment is SURE
    assert best_end(view, [end(view, 11.0, 0.9605), ends[1]]).assessment is SURE


def test_the_best_of_several_that_looks_little_like_the_frame_is_doubtful(view):
    ends = [end(view, 0.0, 0.7), end(view, 12.0, 0.89)]
    assert best_end(view, ends).assessment == replace(SURE, status=Status.LOW_CONFIDENCE, reason="doubtful-match")
    assert all(is_doubtful(view, one) for one in ends)


@pytest.mark.parametrize(
    ("alike", "turned_deg", "convinces"),
    [(0.98, 20.0, True), (0.96, 5.0, True), (0.96, 12.0, False), (0.95, 1.0, False)],
)
def test_an_end_convinces_that_is_very_like_the_frame_or_like_it_and_near_the_start(view, alike, turned_deg, convinces):
    assert is_convincing(view, end(view, turned_deg, alike), pose_at(view, 0.0)) is convinces


def test_a_search_has_settled_where_two_starts_led_to_one_likely_end(view):
    assert not has_settled(view, [end(view, 0.0, 0.96), end(view, 12.0, 0.961)])
    assert has_settled(view, [end(view, 0.0, 0.96), end(view, 0.5, 0.961)])
    assert not has_settled(view, [end(view, 0.0, 0.95), end(view, 0.5, 0.951)])
    assert has_settled(view, [end(view, 0.0, 0.5), end(view, 12.0, 0.98)])


def test_alone_an_end_is_as_alike_as_its_detailed_similarity(view, pose):
    found = AssessedPose(believed(view.resident.case, view.camera, pose), SURE, 0.7)
    alignment = align_view(pose, view.camera, view.atlas)
    assert tried_end(view, found).alike == detailed_similarity(view.image, alignment, view.atlas)


def test_in_a_body_the_edge_similarity_counts(inside, pose):
    found = tried_end(inside, AssessedPose(believed(inside.resident.case, inside.camera, pose), SURE, 0.7))
    assert found.alike == 0.7
    assert not is_doubtful(inside, found)
    assert not is_convincing(inside, found, pose)
    sure = replace(found, alike=0.91)
    assert is_convincing(inside, sure, pose_at(inside, 20.0))
    assert has_settled(inside, [found, sure])


def test_ends_of_networks_that_were_trained_on_the_case_are_taken_sooner(view):
    found = end(view, 12.0, 0.0)
    for similarity, trained, taken in ((0.96, True, True), (0.95, True, False), (0.96, False, False)):
        view.resident.trained = trained
        one = replace(found, found=replace(found.found, similarity=similarity))
        assert is_taken(view, one, pose_at(view, 0.0)) is taken


@pytest.mark.parametrize(
    ("alike", "turned_deg", "confirmed"), [(0.96, 6.0, True), (0.96, 10.0, False), (0.95, 0.0, False)]
)
def test_a_likely_end_is_confirmed_by_the_view_most_alike_where_that_lies_near_it(view, alike, turned_deg, confirmed):
    assert is_confirmed(view, end(view, 0.0, alike), pose_at(view, turned_deg), 0.0) is confirmed
    aside = pose_at(view, 0.0)
    aside[0, 3] += 0.08 * view.atlas.view.field_mm
    assert not is_confirmed(view, end(view, 0.0, alike), aside, 1.0)


@pytest.mark.parametrize(
    ("alike", "turned_deg", "lead", "confirmed"),
    [(0.91, 4.0, 0.08, True), (0.91, 4.0, 0.06, False), (0.91, 6.0, 0.08, False), (0.89, 4.0, 0.08, False)],
)
def test_an_end_is_confirmed_by_a_view_that_no_other_direction_comes_near(view, alike, turned_deg, lead, confirmed):
    assert is_confirmed(view, end(view, 0.0, alike), pose_at(view, turned_deg), lead) is confirmed


def test_the_end_that_is_kept_is_refined_further_and_no_other(view):
    ends = [end(view, 0.0, 0.93), end(view, 12.0, 0.96)]
    refined, asked = end(view, 11.0, 0.92), []
    found = best_end(view, ends, lambda one: asked.append(one) or refined)
    assert asked == [ends[1]]
    np.testing.assert_array_equal(found.estimate.camera_from_volume, pose_at(view, 11.0))
    assert best_end(view, ends, lambda one: replace(refined, alike=0.7)).assessment.reason == "doubtful-match"


def test_in_a_body_no_end_is_confirmed_by_a_view(inside):
    assert not is_confirmed(inside, end(inside, 0.0, 0.99), pose_at(inside, 0.0), 1.0)


def test_ends_of_three_starts_that_are_one_settle_a_search_unless_they_are_doubtful_or_another_is_among_them(view):
    ends = [end(view, 0.0, 0.92), end(view, 1.0, 0.921), end(view, 0.5, 0.92)]
    assert not has_settled(view, ends[:2])
    assert has_settled(view, ends)
    assert not has_settled(view, [*ends, end(view, 12.0, 0.8)])
    assert not has_settled(view, [replace(one, alike=0.8) for one in ends])
