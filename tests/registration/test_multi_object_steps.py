"""What is done for one object of several in each turn: on from coarse steps, anew where the picture was disturbed."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.rig import PlacedCamera
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.assessment import Status
from fluoropose.registration.multi_object_steps import (
    MULTI_OBJECT,
    ObjectTask,
    assess_beside_others,
    finish_object,
    is_seen,
    is_sure,
    regress_object,
    regress_object_coarsely,
)
from fluoropose.registration.pipeline import estimate_object
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE
from fluoropose.registration.result import FrameView
from support.cases import tiny_resident
from support.steppers import recorded_case, schedule_of
from support.views import one_view, rig_places, taken


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


@pytest.fixture
def make(resident, camera, frame):
    """Return an object's task with a presence as told, the pictures of its views, and the visits to its networks."""

    def go(plan, presence=None, settings=MULTI_OBJECT, views=None):
        visits = []
        case = recorded_case(resident, visits, presence=presence)
        task = ObjectTask(plan, DEFAULT_SCHEDULE, prepare_views(case, views or [one_view(frame, camera)], {}), settings)
        return task, [view.image for view in task.views], visits

    return go


@pytest.fixture
def pair(small_case, camera, frame, pose):
    """Return the views of two cameras ten degrees apart."""
    place = rig_places(small_case, pose)["b"]
    return [
        one_view(frame, camera),
        FrameView(taken(small_case, camera, place @ pose), PlacedCamera(camera, place)),
    ]


def schedules(visits):
    return [schedule_of(visit.networks) for visit in visits]


def doubted(estimate):
    """Return an estimate that is not sure."""
    doubt = replace(estimate.assessment, status=Status.LOW_CONFIDENCE, confidence=0.0)
    poses = tuple(replace(one, assessment=replace(one.assessment, confidence=0.0)) for one in estimate.poses)
    return replace(estimate, assessment=doubt, poses=poses)


def sure(estimate):
    """Return an estimate that is sure, and more so than another try can be."""
    known = replace(estimate.assessment, status=Status.TRACKING, confidence=2.0)
    return replace(estimate, assessment=known, poses=tuple(replace(one, assessment=known) for one in estimate.poses))


def test_only_one_view_with_a_rough_start_is_regressed_coarsely_first(make, pair, pose):
    tasks = [make(Plan(pose, False))[0], make(Plan(pose, True))[0], make(Plan(None, False))[0]]
    tasks.append(make(Plan(pose, False), views=pair)[0])
    assert [task.is_rough for task in tasks] == [True, False, False, False]
    assert [task.is_followed for task in tasks] == [True, True, False, False]
    assert tasks[0].start_in(tasks[0].views[0]) is pose


def test_an_object_is_seen_from_the_presence_that_the_settings_name(make, pose):
    task, images, visits = make(Plan(pose, False), presence=0.6)
    coarse = regress_object_coarsely(task, images)
    assert schedules(visits) == ["coarse"]
    assert is_seen(task, coarse)
    assert not is_seen(replace(task, settings=replace(MULTI_OBJECT, seen_presence=0.7)), coarse)


@pytest.mark.parametrize(
    ("presence", "disturbed", "then"),
    [(0.0, False, ["fine"]), (0.0, True, ["whole"]), (1.0, False, ["fine"])],
    ids=["unseen", "unseen and disturbed", "seen"],
)
def test_it_goes_on_from_its_coarse_steps_unless_it_was_not_seen_and_the_picture_changed(
    make, pose, presence, disturbed, then
):
    task, images, visits = make(Plan(pose, False), presence=presence)
    coarse = regress_object_coarsely(task, images)
    visits.clear()
    estimate = regress_object(task, images, coarse, disturbed)
    assert schedules(visits) == then
    if then == ["fine"]:
        assert estimate.poses[0].estimate.regress_ns >= coarse.regress_ns


def test_one_that_was_seen_but_is_not_surely_found_in_a_disturbed_picture_has_both_tries(make, pose):
    """Without a likeness of its edges nothing is surely found: the picture is empty."""
    task, images, visits = make(Plan(pose, False), presence=1.0)
    coarse = regress_object_coarsely(task, images)
    visits.clear()
    regress_object(task, [np.zeros_like(image) for image in images], coarse, True)
    assert schedules(visits) == ["fine", "whole"]


def test_without_coarse_steps_the_plan_says_by_which_schedule(make, pose):
    for nearby, expected in ((True, "tracking"), (False, "whole")):
        task, images, visits = make(Plan(pose, nearby))
        regress_object(task, images, None, False)
        assert schedules(visits) == [expected]


def test_one_that_was_surely_found_is_only_refined(make, pose):
    task, images, visits = make(Plan(pose, True), presence=1.0)
    found = sure(regress_object(task, images, None, False))
    visits.clear()
    end = finish_object(task, images, found, True)
    assert visits == []
    spent = end.poses[0].estimate
    assert spent.refine_ns > found.poses[0].estimate.refine_ns


@pytest.mark.parametrize(
    ("nearby", "presence", "disturbed", "then"),
    [
        (False, 1.0, False, []),
        (False, 1.0, True, ["whole"]),
        (True, 1.0, False, []),
        (True, 1.0, True, ["tracking"]),
        (True, 0.0, False, ["whole"]),
    ],
    ids=["rough", "rough, disturbed", "near", "near, disturbed", "near and missed"],
)
def test_one_that_was_not_surely_found_is_looked_for_again_where_that_may_help(
    make, pose, nearby, presence, disturbed, then
):
    task, images, visits = make(Plan(pose, nearby), presence=presence)
    found = doubted(regress_object(task, images, None, False))
    visits.clear()
    finish_object(task, images, found, disturbed)
    assert schedules(visits) == then


def test_one_that_was_not_looked_for_yet_follows_the_whole_schedule_in_the_last_turn(make, pose):
    task, images, visits = make(Plan(pose, False))
    assert np.isfinite(finish_object(task, images, None, False).world_from_volume).all()
    assert schedules(visits) == ["whole"]


def test_one_that_is_searched_for_is_searched_again_only_in_a_disturbed_picture(make, pose):
    task, images, visits = make(Plan(None, False))
    found = doubted(regress_object(task, images, None, False))
    visits.clear()
    assert finish_object(task, images, found, False) is found
    assert visits == []
    finish_object(task, images, found, True)
    assert "whole" in schedules(visits)


def test_several_views_that_were_surely_found_are_gone_through_once_more_from_there(make, pair, pose):
    task, images, visits = make(Plan(pose, False), presence=1.0, views=pair)
    found = sure(estimate_object(task.views, task.plan))
    visits.clear()
    end = finish_object(task, images, found, True)
    assert schedules(visits)[0] == "tracking"
    assert len(visits[0].frames) == 2
    for after, before in zip(end.poses, found.poses, strict=True):
        assert after.estimate.regress_ns > before.estimate.regress_ns


def test_beside_others_a_pose_with_uncertain_corners_is_doubted(make, pose):
    task, images, _ = make(Plan(pose, True))
    found = sure(regress_object(task, images, None, False))
    exact = replace(found, information=1e8 * np.eye(6))
    vague = replace(found, information=1e-2 * np.eye(6))
    assert assess_beside_others(task, exact).assessment.status is Status.TRACKING
    assert assess_beside_others(task, vague).assessment.status is Status.LOW_CONFIDENCE
    lost = doubted(found)
    assert assess_beside_others(task, lost) is lost


def test_only_what_is_tracked_is_sure(make, pose):
    task, images, _ = make(Plan(pose, True))
    found = regress_object(task, images, None, False)
    assert is_sure(sure(found))
    assert not is_sure(doubted(found))
    assert not is_sure(None)
