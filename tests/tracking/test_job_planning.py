"""What goes into a job: frames of one instant, objects to follow, searches beside them."""

import numpy as np
import pytest

from fluoropose.registration.assessment import Status
from fluoropose.tracking.job_planning import keep_decoded_frames, plan_job, plan_search
from fluoropose.tracking.pairing import PartnerBuffer
from support.sessions import cameras_of, finish, offer_frame, pair, take


@pytest.fixture
def one():
    """A session of two cameras and two objects, both tracked at 1 s."""
    session = pair(cases=("x", "y"))
    offer_frame(session, "a", 1.0)
    take(session)
    finish(session)
    session.hand_over(0)
    return session


def lose(session, case):
    """Let the session lose one of its objects."""
    tracker = session.objects[case].tracker
    tracker.receive(np.eye(4), Status.LOST, 1.0, tracker.plan(1.0))


def planned(session):
    return plan_job(session.waiting, PartnerBuffer(), session.settings, session.objects)


def test_frames_are_in_the_order_of_the_sessions_cameras_and_the_latest_gives_the_time(one):
    offer_frame(one, "b", 2.01)
    offer_frame(one, "a", 2.0)
    job = planned(one)
    assert cameras_of(job) == [["a", "b"], []]
    assert job.moment_s == 2.01
    place = one.settings.cameras["b"].camera_from_world
    np.testing.assert_allclose(job.camera_frames[1].placed.camera_from_world, place, atol=1e-12)


def test_an_object_to_be_searched_for_waits_while_another_is_followed(one):
    lose(one, "x")
    offer_frame(one, "a", 2.0)
    assert [task.tracked_object.case for task in planned(one).tasks] == ["y"]
    lose(one, "y")
    assert [task.tracked_object.case for task in planned(one).tasks] == ["x", "y"]


@pytest.mark.parametrize(("captured_s", "again"), [(2.0, False), (0.9, True), (0.5, False)])
def test_a_frame_just_before_the_last_one_is_late_and_an_older_one_has_another_clock(one, captured_s, again):
    offer_frame(one, "b", captured_s)
    assert planned(one).again is again


def test_decoded_frames_are_kept_with_their_pixels_and_others_left_out(one):
    offer_frame(one, "b", 2.01)
    offer_frame(one, "a", 2.0)
    job = planned(one)
    ticket = job.camera_frames[1].frame.ticket
    (kept,) = keep_decoded_frames(job, {ticket: "pixels"}).camera_frames
    assert (kept.frame.camera, kept.frame.payload, kept.kept) == ("b", "pixels", True)


def test_a_search_holds_all_objects_and_answers_no_frame(one):
    lose(one, "x")
    offer_frame(one, "a", 2.0)
    job = planned(one)
    search = plan_search(keep_decoded_frames(job, {job.frames[0].ticket: "pixels"}), one.objects)
    assert (search.is_search, search.again, search.frames) == (True, True, [])
    assert [task.tracked_object.case for task in search.tasks] == ["x", "y"]
    assert [task.tracked_object.case for task in search.reported_tasks] == ["x"]
