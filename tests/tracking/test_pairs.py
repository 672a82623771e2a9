"""Several cameras: which frames are solved together, that none waits, and whose place in the world is known."""

import numpy as np
import pytest

from fluoropose.errors import ConflictError, InputError
from fluoropose.geometry.rig import ContradictionError, SameCameraError
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import (
    Change,
    ObjectStart,
    SessionCamera,
    SessionSettings,
    UnknownCameraError,
    UnknownObjectError,
    WorldFrameError,
)
from support.sessions import CAMERA, finish, pair, seen_from, session, take


def sent(one, camera, captured_s, seq=None, **more):
    return one.offer(f"{camera} at {captured_s}", seq, 0, 0, captured_s, camera, **more)


def seen(job):
    """Which cameras' frames are new in a job, which are kept."""
    return [
        [camera_frame.frame.camera for camera_frame in job.camera_frames if not camera_frame.kept],
        [camera_frame.frame.camera for camera_frame in job.camera_frames if camera_frame.kept],
    ]


def handed(one):
    given = []
    while (ready := one.hand_over(0)) is not None:
        given.append((ready.frame.camera, ready.frame.seq))
    return given


def test_two_that_wait_are_solved_together_and_both_answered():
    one = pair()
    sent(one, "b", 5.010)
    sent(one, "a", 5.0)
    job = take(one)
    assert seen(job) == [["a", "b"], []]
    assert job.moment_s == 5.010
    assert one.in_flight == 2
    finish(one)
    assert handed(one) == [("b", 0), ("a", 0)]
    assert one.counters["answered"] == 2


def test_a_frame_waits_for_no_partner_and_one_that_is_late_meets_it():
    one = pair()
    sent(one, "a", 5.0)
    job = take(one)
    assert seen(job) == [["a"], []]
    sent(one, "b", 5.015)
    finish(one)
    late = take(one)
    assert seen(late) == [["b"], ["a"]]
    assert late.again
    assert [camera_frame.frame.payload for camera_frame in late.camera_frames if camera_frame.kept] == ["decoded"]
    finish(one)
    assert handed(one) == [("a", 0), ("b", 0)]
    assert one.in_flight == 0


@pytest.mark.parametrize("captured_s", [5.021, 4.979, 60.0, 0.0])
def test_frames_further_apart_than_the_tolerance_are_answered_alone(captured_s):
    one = pair()
    sent(one, "a", 5.0)
    sent(one, "b", captured_s)
    assert seen(take(one)) == [["a"], []]
    finish(one)
    assert seen(take(one)) == [["b"], []]


def test_a_frame_meets_its_partner_once():
    one = pair()
    for camera, captured_s, select_instant in (
        ("a", 5.0, []),
        ("b", 5.001, ["a"]),
        ("b", 5.010, []),
        ("a", 5.011, ["b"]),
    ):
        sent(one, camera, captured_s)
        job = take(one)
        assert seen(job) == [[camera], select_instant]
        finish(one)


def test_frames_without_times_are_paired_by_their_numbers():
    one = pair()
    for seq in (3, 4):
        one.offer("pixels", seq, 0, 0, None, "a")
        one.offer("pixels", seq - 1, 0, 0, None, "b")
        assert seen(take(one))[0] == ["a"]
        finish(one)
        assert seen(take(one)) == ([["b"], []])
        finish(one)
    one.offer("pixels", 4, 0, 0, None, "b")
    assert seen(take(one)) == [["b"], ["a"]]


def test_each_camera_has_its_own_waiting_place_and_numbers():
    one = pair()
    sent(one, "a", 1.0, 7)
    assert [drop.reason for drop in sent(one, "b", 1.0, 2)[1]] == []
    assert [drop.reason for drop in sent(one, "b", 1.1, 3)[1]] == ["superseded"]
    assert [drop.error.code for drop in sent(one, "a", 1.1, 7)[1]] == ["sequence-conflict"]


def test_a_partner_that_cannot_be_used_costs_its_own_answer_only():
    one = pair()
    sent(one, "a", 1.0)
    sent(one, "b", 1.0)
    take(one)
    assert [drop.reason for drop in finish(one, spoilt=1)] == ["invalid"]
    assert handed(one) == [("b", 0)]
    sent(one, "a", 1.001)
    assert seen(take(one)) == [["a"], ["b"]]


def test_a_late_partner_moves_the_track_to_no_later_time():
    """The joint pose takes the place of the one found alone: what lies between them is no motion."""
    one, moved = pair(), np.eye(4)
    for n in range(3):
        moved = rigid(np.eye(3), np.array([3.0 * n, 0.0, 0.0]))
        alone = rigid(np.eye(3), np.array([3.0 * n, 0.0, 8.0]))
        sent(one, "a", n / 15)
        take(one)
        finish(one, pose=alone)
        sent(one, "b", n / 15 + 0.001)
        take(one)
        finish(one, pose=moved)
    start = one.tracker.plan(3 / 15).start
    np.testing.assert_allclose(start[:3, 3], [9.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(one.tracker.plan(2 / 15 + 0.002, again=True).start, moved)


def test_what_was_kept_goes_when_the_client_does_or_a_camera_changes():
    for forget in (lambda one: one.leave("disconnected"), lambda one: one.change(Change({"b": seen_from(80)}), {})):
        one = pair()
        sent(one, "a", 1.0)
        take(one)
        finish(one)
        forget(one)
        one.join()
        sent(one, "b", 1.0)
        assert seen(take(one)) == [["b"], []]


def test_times_that_run_backwards_are_answered():
    one = pair()
    for captured_s in (5.0, 4.9, 5.1, 0.0, 0.066):
        sent(one, "a", captured_s)
        assert seen(take(one)) == [["a"], []]
        finish(one)
    assert len(handed(one)) == 1
    assert one.dropped == {"superseded": 4}


@pytest.mark.parametrize(("camera", "words"), [("c", "of: a, b; got 'c'"), (None, "got none")])
def test_a_frame_of_an_unknown_camera_is_refused_and_harms_nothing(camera, words):
    one = pair()
    sent(one, "a", 1.0)
    _, (drop,) = sent(one, camera, 1.0)
    assert (drop.reason, drop.error.code) == ("invalid", "unknown-camera")
    assert words in str(drop.error)
    assert seen(take(one)) == [["a"], []]


def settings(**cameras):
    return SessionSettings((ObjectStart("case"),), cameras, PixelMeaning.INTENSITY)


def test_cameras_that_cannot_serve_one_session():
    away = SessionCamera(CAMERA, rigid(np.eye(3), np.array([0.0, 0.0, -5000.0])) @ seen_from(180).camera_from_world)
    with pytest.raises(WorldFrameError, match="of all 2 cameras, got none of b"):
        settings(a=seen_from(0), b=SessionCamera(CAMERA))
    with pytest.raises(SameCameraError, match="0.00 mm and 0.00 degrees"):
        settings(a=seen_from(0), b=seen_from(90), c=seen_from(0))
    with pytest.raises(ContradictionError, match="got none"):
        settings(a=seen_from(0), b=away)
    with pytest.raises(InputError, match="1 to 4 cameras, got 5"):
        settings(**{f"c{n}": seen_from(20 * n) for n in range(5)})
    with pytest.raises(InputError, match="1 to 4 cameras, got 0"):
        settings()


def test_a_camera_that_moves_says_so_from_the_first_frame_on():
    place = seen_from(30).camera_from_world
    one = session()
    one.offer("still", None, 0, 0)
    _, (drop,) = one.offer("moved", None, 0, 0, camera_from_world=place)
    assert (drop.reason, drop.error.code) == ("invalid", "no-common-world")
    moving = session()
    moving.offer("moved", None, 0, 0, camera_from_world=place)
    (camera_frame,) = take(moving).camera_frames
    np.testing.assert_allclose(camera_frame.placed.camera_from_world, place, atol=1e-12)
    _, (drop,) = moving.offer("still", None, 0, 0)
    assert drop.error.code == "no-common-world"
    both = pair()
    sent(both, "a", 1.0)
    assert sent(both, "a", 2.0, camera_from_world=place)[1][0].reason == "superseded"


def two(initial=("x", "y")):
    one = pair(cases=initial)
    sent(one, "a", 1.0)
    return one


def test_an_object_removed_while_its_frame_is_in_flight_is_forgotten():
    one = two()
    job = take(one)
    one.change(Change(remove=("x",)), {})
    assert one.tracked_cases(job) == ["y"]
    finish(one)
    assert list(one.objects) == ["y"]
    assert one.tracker.last_pose is not None
    one.change(Change(add=(ObjectStart("x"),)), {"x": np.zeros(3)})
    assert one.objects["x"].tracker.last_pose is None


def test_an_object_that_came_back_is_another_one():
    one = two()
    job = take(one)
    one.change(Change(remove=("x",)), {})
    one.change(Change(add=(ObjectStart("x"),)), {"x": np.zeros(3)})
    assert one.tracked_cases(job) == ["y"]
    finish(one)
    assert one.objects["x"].tracker.state.value == "NEW"


def test_one_object_begins_again_alone():
    one = two()
    take(one)
    finish(one)
    one.change(Change(case="y", initial_pose=rigid(np.eye(3), np.ones(3))), {})
    assert [followed.tracker.state.value for followed in one.objects.values()] == ["TRACKING", "NEW"]
    one.change(Change(), {})
    assert [followed.tracker.state.value for followed in one.objects.values()] == ["NEW", "NEW"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (Change(remove=("z",)), UnknownObjectError, "of: x, y; got 'z'"),
        (Change(remove=("x", "x")), UnknownObjectError, "of: y; got 'x'"),
        (Change(case="z"), UnknownObjectError, "got 'z'"),
        (Change(add=(ObjectStart("y"),)), ConflictError, "does not follow, got 'y'"),
        (Change(remove=("x", "y")), ConflictError, "got 0"),
        (Change(add=tuple(ObjectStart(f"{n}") for n in range(7))), ConflictError, "got 9"),
        (Change(initial_pose=np.eye(4)), InputError, "whose start this is"),
        (Change({"c": seen_from(45)}), UnknownCameraError, "got 'c'"),
        (Change({None: seen_from(45)}), UnknownCameraError, "got none"),
        (Change({"b": seen_from(0)}), SameCameraError, "same camera twice"),
        (
            Change({"b": SessionCamera(CAMERA, seen_from(90).camera_from_world, "side")}),
            InputError,
            "expected one case",
        ),
    ],
    ids=range(11),
)
def test_a_change_that_cannot_be_leaves_everything_as_it_was(change, error, words):
    one = two()
    before = (one.settings, one.objects, [followed.tracker.restarts for followed in one.objects.values()])
    with pytest.raises(error, match=words):
        one.change(change, {start.case: np.zeros(3) for start in change.add})
    assert before == (one.settings, one.objects, [followed.tracker.restarts for followed in one.objects.values()])


def test_objects_more_or_less_restart_nobody():
    one = two()
    take(one)
    finish(one)
    one.change(Change(remove=("y",), add=(ObjectStart("z"),)), {"z": np.zeros(3)})
    assert one.objects["x"].tracker.state.value == "TRACKING"
    with pytest.raises(ConflictError, match="each case once"):
        Session.open("s", pair(cases=("x", "x")).settings, {"x": np.zeros(3)})
