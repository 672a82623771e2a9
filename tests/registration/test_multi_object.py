"""Several objects in one frame: one is as alone, the others are taken out, threads change nothing, one lost harms none."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.assessment import Status
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.multi_object_steps import MULTI_OBJECT
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView
from support.cases import tiny_resident
from support.steppers import recorded_case, schedule_of
from support.views import rig_places

FIRST = np.array([-6.0, -3.0, 890.0, 4.0, 3.0, -5.0])
SECOND = np.array([12.0, 8.0, 905.0, -20.0, -2.0, 4.0])


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


@pytest.fixture
def poses(small_case):
    return [pose_from_six(six, small_case.pose_frame) for six in (FIRST, SECOND)]


@pytest.fixture
def view(small_case, camera, poses):
    renderer = CpuRenderer(small_case.volume, 1.0)
    lines = sum(renderer.render(camera, pose) for pose in poses)
    return FrameView(np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16), PlacedCamera(camera))


def found(residents, view, plans, settings=MULTI_OBJECT):
    return register_objects(residents, [view], plans, settings=settings)


def asked(resident, view, plans, settings=MULTI_OBJECT, presences=(None, None)):
    """Return the visits to the objects' networks, in their order: an object's label, its frames, its networks."""
    visits = []
    cases = [recorded_case(resident, visits, label, presence) for label, presence in zip("ab", presences, strict=True)]
    found(cases, view, plans, settings)
    return visits


def schedules(visits, label):
    """Return by which schedules an object's networks were stepped, turn by turn."""
    return [schedule_of(visit.networks) for visit in visits if visit.label == label]


def test_one_object_is_as_alone(resident, view, poses):
    plan = Plan(poses[0], False)
    alone = register(resident, [view], plan)
    (same,) = found([resident], view, [plan])
    np.testing.assert_array_equal(same.camera_from_volume, alone.camera_from_volume)
    np.testing.assert_array_equal(same.information, alone.information)


def test_the_same_frame_gives_the_same_poses_to_the_last_bit(resident, view, poses):
    plans = [Plan(pose, False) for pose in poses]
    first, second = (found([resident, resident], view, plans) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.camera_from_volume, b.camera_from_volume)
        assert a.assessment == b.assessment


def test_each_is_registered_in_a_picture_without_the_other(resident, view, poses):
    """What reaches the first object's networks is nearer to a frame of it alone than the frame is."""
    visits = asked(resident, view, [Plan(pose, True) for pose in poses])
    seen = [visit.frames[0] for visit in visits if visit.label == "a"]
    assert min(brightness(image, view, poses[1]) for image in seen) < 0.5 * brightness(raw(view), view, poses[1])


def raw(view):
    return -np.log(view.pixels / 50000.0)


def brightness(image, view, pose):
    """Return the mean line integral about where an object's centre is seen."""
    point = view.placed.camera.intrinsic_matrix @ pose[:3, 3]
    u, v = np.round(point[:2] / point[2]).astype(int)
    return image[v - 6 : v + 6, u - 6 : u + 6].mean()


def test_objects_that_are_where_they_are_believed_to_be_are_looked_for_once(resident, view, poses):
    """The best poses that can be found as predictions: nothing has moved, so nothing is done twice."""
    settled = found([resident, resident], view, [Plan(pose, False) for pose in poses])
    visits = asked(resident, view, [Plan(answer.world_from_volume, True) for answer in settled])
    assert [schedules(visits, label) for label in "ab"] == [["tracking"]] * 2


def test_rough_ones_that_are_seen_go_on_from_where_their_coarse_steps_ended(resident, view, poses):
    visits = asked(resident, view, [Plan(pose, False) for pose in poses], presences=(1.0, 1.0))
    assert [schedules(visits, label)[:2] for label in "ab"] == [["coarse", "fine"]] * 2
    assert sorted(visit.label for visit in visits[:2]) == ["a", "b"]


@pytest.mark.parametrize(("disturbed", "then"), [(0.0, "whole"), (np.inf, "fine")])
def test_one_that_is_not_seen_begins_anew_where_its_neighbour_proves_to_be_elsewhere(
    resident, view, poses, small_case, disturbed, then
):
    """The first object is seen aside of where it was believed to be; for the second, unseen, that may change all."""
    beside = pose_from_six(FIRST + [3.0, -3.0, 0, 6.0, 0, 0], small_case.pose_frame)
    plans = [Plan(beside, False), Plan(poses[1], False)]
    settings = replace(MULTI_OBJECT, disturbed=disturbed)
    visits = asked(resident, view, plans, settings, presences=(1.0, 0.0))
    assert schedules(visits, "a")[:2] == ["coarse", "fine"]
    assert schedules(visits, "b")[:2] == ["coarse", then]


def test_the_most_exposed_waits_until_the_others_are_found(resident, view, poses):
    """It has no coarse turn. By the time its turn comes, the other one is taken out where it was found."""
    settings = replace(MULTI_OBJECT, first_count=1, exposed=0.0, most_exposed=0.0)
    visits = asked(resident, view, [Plan(pose, False) for pose in poses], settings, presences=(1.0, 1.0))
    first = visits[0].label
    last = "b" if first == "a" else "a"
    assert [visit.label for visit in visits[:3]] == [first, first, last]
    assert schedules(visits, first)[:2] == ["coarse", "fine"]
    assert schedules(visits, last) == ["whole"]
    other = poses["ab".index(first)]
    assert brightness(visits[2].frames[0], view, other) < 0.5 * brightness(raw(view), view, other)


def test_a_tracked_object_that_is_missed_has_one_long_search(resident, view, poses, small_case, camera):
    """It is not there at all. Its long schedule waits for the turn in which the others are where they were found.

    The small networks of these tests are not trained to tell what is absent: any answer that is not sure counts here.
    """
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, poses[0])
    only_first = replace(view, pixels=np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16))
    beside = pose_from_six(FIRST + [10.0, 25.0, 0, 0, 0, 0], small_case.pose_frame)
    settings = replace(MULTI_OBJECT, seen_presence=1.1, missed_presence=1.1)
    visits = asked(resident, only_first, [Plan(poses[0], True), Plan(beside, True)], settings)
    assert [schedule_of(visit.networks) for visit in visits[:2]] == ["tracking"] * 2
    assert sorted(visit.label for visit in visits[:2]) == ["a", "b"]
    assert schedules(visits, "b") == ["tracking", "whole"]
    assert "whole" not in schedules(visits, "a")


def test_the_answers_are_the_same_on_one_thread(resident, view, poses, monkeypatch):
    """And whichever of those that go side by side comes first."""
    plans = [Plan(poses[0], False), Plan(poses[1], False), Plan(poses[0], True)]
    many = found([resident] * 3, view, plans)
    for order in (1, -1):

        def by_turns(tasks, order=order):
            done = {n: tasks[n]() for n in range(len(tasks))[::order]}
            return [done[n] for n in range(len(tasks))]

        monkeypatch.setattr("fluoropose.registration.multi_object.run_parallel", by_turns)
        for one, other in zip(many, found([resident] * 3, view, plans), strict=True):
            np.testing.assert_array_equal(one.camera_from_volume, other.camera_from_volume)
            assert one.assessment == other.assessment


def test_several_objects_in_several_views_are_found_jointly(resident, view, poses, small_case, camera):
    place = rig_places(small_case, poses[0])["b"]
    renderer = CpuRenderer(small_case.volume, 1.0)
    lines = sum(renderer.render(camera, place @ pose) for pose in poses)
    pixels = np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)
    views = [replace(view, name="a"), FrameView(pixels, PlacedCamera(camera, place), "b")]
    for nearby in (False, True):
        plans = [Plan(pose, nearby) for pose in poses]
        answers = register_objects([resident] * 2, views, plans)
        for answer in answers:
            assert [report.name for report in answer.views] == ["a", "b"]
            assert all(report.used or report.why for report in answer.views)
            for report, seen_from in zip(answer.views, (np.eye(4), place), strict=True):
                expected = seen_from @ answer.world_from_volume
                np.testing.assert_allclose(report.camera_from_volume, expected, atol=1e-9)


def test_one_that_is_lost_leaves_the_other_untouched(resident, view, poses, small_case):
    """The lost one starts where nothing is, out of the frame: the first object's answer is that of it alone."""
    nowhere = pose_from_six(SECOND + [900.0, 0, 0, 0, 0, 0], small_case.pose_frame)
    pair = found([resident, resident], view, [Plan(poses[0], False), Plan(nowhere, False)])
    alone = register(resident, [view], Plan(poses[0], False))
    np.testing.assert_array_equal(pair[0].camera_from_volume, alone.camera_from_volume)
    assert pair[1].assessment.status is Status.LOST


def test_an_object_without_a_start_is_searched_for(resident, view, poses):
    pair = found([resident, resident], view, [Plan(poses[0], False), Plan(None, False)])
    assert "locate" in pair[1].timing_ms
    assert "locate" not in pair[0].timing_ms


def test_the_number_of_plans_is_that_of_objects(resident, view, poses):
    for residents, plans in (([], []), ([resident], []), ([resident], [Plan(poses[0], False)] * 2)):
        with pytest.raises(InputError, match="one plan per object"):
            found(residents, view, plans)


def test_a_view_may_have_a_case_of_its_own_for_one_of_the_objects(resident, view, poses):
    plans = [Plan(pose, False) for pose in poses]
    own = resident.copy(7)
    plain, beside = (found([resident] * 2, one, plans) for one in (view, replace(view, resident=own)))
    for one, other in zip(plain, beside, strict=True):
        np.testing.assert_array_equal(one.camera_from_volume, other.camera_from_volume)


def test_a_view_has_no_case_of_another_object(resident, view, poses):
    moved = replace(resident.case, corners_mm=resident.case.corners_mm + [0.0, 2.5, 0.0])
    other = ResidentCase(moved, resident.stepper)
    with pytest.raises(InputError, match="to be of one of the objects"):
        found([resident] * 2, replace(view, resident=other), [Plan(pose, False) for pose in poses])


def test_times_of_the_stages_add_up(resident, view, poses):
    for answer in found([resident, resident], view, [Plan(pose, False) for pose in poses]):
        parts = sum(value for stage, value in answer.timing_ms.items() if stage != "total")
        assert 0.0 < parts <= answer.timing_ms["total"] * 1.001
