"""Objects of a session that begin, restart, are added and removed."""

import numpy as np
import pytest

from fluoropose.errors import ConflictError, InputError
from fluoropose.geometry.rig import SameCameraError
from fluoropose.geometry.rigid import rigid
from fluoropose.registration.assessment import Status
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import (
    Change,
    ObjectStart,
    SessionCamera,
    UnknownCameraError,
    UnknownObjectError,
)
from fluoropose.tracking.smoother import Smoothing
from fluoropose.tracking.tracked_object import TrackedObject
from support.sessions import (
    CAMERA,
    finish,
    pair,
    seen_from,
    session_of_two,
    take,
)


def test_an_object_removed_while_its_frame_is_in_flight_is_forgotten():
    one = session_of_two()
    job = take(one)
    one.change(Change(remove=("x",)), {})
    assert one.tracked_cases(job) == ["y"]
    finish(one)
    assert list(one.objects) == ["y"]
    assert one.tracker.last_pose is not None
    one.change(Change(add=(ObjectStart("x"),)), {"x": np.zeros(3)})
    assert one.objects["x"].tracker.last_pose is None


def test_an_object_that_came_back_is_another_one():
    one = session_of_two()
    job = take(one)
    one.change(Change(remove=("x",)), {})
    one.change(Change(add=(ObjectStart("x"),)), {"x": np.zeros(3)})
    assert one.tracked_cases(job) == ["y"]
    finish(one)
    assert one.objects["x"].tracker.state.value == "NEW"


def test_one_object_begins_again_alone():
    one = session_of_two()
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
    one = session_of_two()
    before = (one.settings, one.objects, [followed.tracker.restarts for followed in one.objects.values()])
    with pytest.raises(error, match=words):
        one.change(change, {start.case: np.zeros(3) for start in change.add})
    assert before == (one.settings, one.objects, [followed.tracker.restarts for followed in one.objects.values()])


def test_objects_more_or_less_restart_nobody():
    one = session_of_two()
    take(one)
    finish(one)
    one.change(Change(remove=("y",), add=(ObjectStart("z"),)), {"z": np.zeros(3)})
    assert one.objects["x"].tracker.state.value == "TRACKING"
    with pytest.raises(ConflictError, match="each case once"):
        Session.open("s", pair(cases=("x", "x")).settings, {"x": np.zeros(3)})


def test_a_session_that_smooths_has_a_window_which_a_restart_empties():
    start, smoothing = ObjectStart("x", np.eye(4)), Smoothing(window_s=2.0)
    followed = TrackedObject.begin(start, np.ones(3), smoothing)
    window = followed.smoother
    assert window.settings is smoothing
    np.testing.assert_array_equal(window.centre_mm, np.ones(3))
    followed.restart(None)
    assert followed.smoother is not window
    assert followed.tracker.needs_search
    assert TrackedObject.begin(start, np.ones(3), None).smoother is None


def test_a_restart_without_a_pose_begins_at_the_last_one():
    followed = TrackedObject.begin(ObjectStart("x", np.eye(4)), np.zeros(3), None)
    moved = rigid(np.eye(3), np.ones(3))
    followed.tracker.receive(moved, Status.TRACKING, 1.0, followed.tracker.plan(1.0))
    followed.restart(None)
    np.testing.assert_array_equal(followed.tracker.plan(2.0).start, moved)
