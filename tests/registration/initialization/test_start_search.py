"""The search about a rough start finds the true view among its first candidates, without any network."""

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import open_view_cache
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rotation import angle_between
from fluoropose.registration.initialization.start_search import (
    WIDER_SEARCH,
    StartMatches,
    StartSearch,
    ViewTemplates,
)
from support.cases import EXPECTED_SIX

CAMERA = camera_from_detector(160, 160, row_spacing_mm=0.7, column_spacing_mm=0.7, source_to_detector_mm=1200.0)


def lines_of(case, truth, rng):
    lines = PlaneRenderer(case.volume).render(CAMERA, truth)
    if case.rest is not None:
        lines = lines + PlaneRenderer(case.rest).render(CAMERA, truth)
    return (lines + rng.normal(size=lines.shape) * 0.01).astype(np.float32)


@pytest.mark.parametrize("name", ["small_case", "surrounded_case"])
def test_the_true_view_is_among_the_first_candidates(request, name, rng):
    case = request.getfixturevalue(name)
    atlas = open_view_cache(case, step_deg=2.0)
    truth = pose_from_six(EXPECTED_SIX + [2.0, -1.0, 5.0, 3.0, 4.0, -5.0], case.pose_frame)
    start = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 18.0, 9.0], case.pose_frame)
    found = StartMatches(lines_of(case, truth, rng), CAMERA, atlas, start, ViewTemplates()).candidates()
    assert 1 <= len(found) <= StartSearch().keep
    errors = [np.rad2deg(angle_between(pose[:3, :3], truth[:3, :3])) for pose in found]
    assert min(errors[:2]) < 5.0
    assert np.rad2deg(angle_between(start[:3, :3], truth[:3, :3])) > 15.0
    best = found[int(np.argmin(errors))]
    centre = case.atlas.view.centre_mm
    apart = best[:3, :3] @ centre + best[:3, 3] - truth[:3, :3] @ centre - truth[:3, 3]
    assert np.linalg.norm(apart[:2]) < 2.0


def test_the_best_match_of_all_is_near_the_truth(small_case, rng):
    atlas = open_view_cache(small_case, step_deg=2.0)
    truth = pose_from_six(EXPECTED_SIX + [2.0, -1.0, 5.0, 3.0, 4.0, -5.0], small_case.pose_frame)
    start = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 10.0, 5.0], small_case.pose_frame)
    best = StartMatches(lines_of(small_case, truth, rng), CAMERA, atlas, start, ViewTemplates()).best
    assert np.rad2deg(angle_between(best[:3, :3], truth[:3, :3])) < 8.0


def test_a_view_leads_the_views_of_other_directions_and_its_neighbours_are_none(small_case, rng):
    atlas = open_view_cache(small_case, step_deg=2.0)
    start = pose_from_six(EXPECTED_SIX, small_case.pose_frame)
    lines = lines_of(small_case, start, rng)
    leads = [
        StartMatches(lines, CAMERA, atlas, start, ViewTemplates(), StartSearch(reach_deg=reach_deg)).lead
        for reach_deg in (6.0, 18.0, 28.0)
    ]
    assert leads[0] == 1.0
    assert 1.0 > leads[1] >= leads[2] >= 0.0


def test_candidates_come_from_different_directions(small_case, rng):
    atlas = open_view_cache(small_case, step_deg=2.0)
    start = pose_from_six(EXPECTED_SIX, small_case.pose_frame)
    settings = StartSearch(keep=5)
    found = StartMatches(lines_of(small_case, start, rng), CAMERA, atlas, start, ViewTemplates(), settings).candidates()
    axes = [pose[:3, :3].T @ [0.0, 0.0, 1.0] for pose in found]
    for n, one in enumerate(axes):
        for other in axes[:n]:
            assert np.rad2deg(np.arccos(np.clip(one @ other, -1, 1))) > 2.0


def test_a_search_about_the_rim_of_an_atlas_stays_inside(small_case, rng):
    start = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 12.0, 12.0], small_case.pose_frame)
    found = StartMatches(
        lines_of(small_case, start, rng), CAMERA, small_case.atlas, start, ViewTemplates()
    ).candidates()
    assert all(np.isfinite(pose).all() for pose in found)


def test_templates_are_kept_up_to_a_number_and_made_again(small_case):
    kept = ViewTemplates(capacity=2)
    for template in (kept.spectrum, kept.picture):
        first = template(small_case.atlas, 0)
        assert template(small_case.atlas, 0) is first
        template(small_case.atlas, 1)
        template(small_case.atlas, 2)
        again = template(small_case.atlas, 0)
        assert again is not first
        np.testing.assert_array_equal(again, first)


def test_a_wider_search_reaches_a_start_that_is_turned_by_forty_degrees(small_case, rng):
    atlas = open_view_cache(small_case, step_deg=2.0)
    truth = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 4.0, -5.0], small_case.pose_frame)
    start = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 34.0, 16.0], small_case.pose_frame)
    lines = lines_of(small_case, truth, rng)
    nearest = []
    for settings in (StartSearch(), WIDER_SEARCH):
        found = StartMatches(lines, CAMERA, atlas, start, ViewTemplates(), settings).candidates()
        nearest.append(min(np.rad2deg(angle_between(pose[:3, :3], truth[:3, :3])) for pose in found))
    assert nearest[0] > 8.0
    assert nearest[1] < 6.0
