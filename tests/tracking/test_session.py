"""The session's table of states, and its hypothesis machine: any order of results keeps the books."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_z
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.quality import Status
from fluoropose.tracking.session import Session, SessionSettings, SessionState

SURE, DOUBT, LOST = Status.TRACKING, Status.LOW_CONFIDENCE, Status.LOST
CAMERA = Camera(64, 64, np.diag([1000.0, 1000.0, 1.0]))


def session(start=np.eye(4)):
    return Session("s", SessionSettings("case", CAMERA, PixelMeaning.INTENSITY, initial_pose=start))


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ([], "NEW"),
        ([SURE], "TRACKING"),
        ([DOUBT], "SEARCHING"),
        ([LOST], "SEARCHING"),
        ([SURE, DOUBT], "DOUBTING"),
        ([SURE, DOUBT, SURE], "TRACKING"),
        ([SURE, LOST], "SEARCHING"),
        ([SURE] + [DOUBT] * 5, "DOUBTING"),
        ([SURE] + [DOUBT] * 6, "SEARCHING"),
        ([SURE, LOST, DOUBT], "DOUBTING"),
        ([LOST, SURE], "TRACKING"),
    ],
)
def test_the_table_of_states(results, state):
    one = session()
    for n, status in enumerate(results):
        one.receive(np.eye(4), status, n)
    assert one.state is SessionState[state]


def test_where_frames_start():
    one = session(start=None)
    assert one.plan().start is None
    one.receive(rigid(np.eye(3), np.array([0.0, 0, 900])), SURE, 0)
    plan = one.plan()
    assert plan.nearby
    np.testing.assert_array_equal(plan.start[:3, 3], [0, 0, 900])
    one.receive(np.eye(4), DOUBT, 1)
    assert not one.plan().nearby
    np.testing.assert_array_equal(one.plan().start[:3, 3], [0, 0, 900])
    one.receive(np.eye(4), LOST, 2)
    assert one.plan().start is None


def test_a_steady_motion_is_predicted():
    one = session()
    for n in range(2):
        one.receive(rigid(about_z(0.1 * n), np.array([2.0 * n, 0, 900 - n])), SURE, n)
    np.testing.assert_allclose(one.plan().start, rigid(about_z(0.2), np.array([4.0, 0, 898.0])), atol=1e-12)


def test_a_restart_forgets_the_pose_and_keeps_the_books():
    one = session()
    one.receive(np.eye(4), SURE, 0)
    one.restart(one.settings)
    assert one.state is SessionState.NEW
    assert one.plan().start is one.settings.initial_pose
    assert one.counters["answered"] == 1


def test_a_result_from_before_a_restart_does_not_undo_it():
    one = session(start=None)
    before = one.plan()
    one.restart(one.settings)
    one.receive(rigid(np.eye(3), np.array([0.0, 0, 900])), SURE, 0, before)
    assert one.state is SessionState.NEW
    assert one.last_pose is None
    assert one.counters["answered"] == 1
    one.receive(np.eye(4), SURE, 1, one.plan())
    assert one.state is SessionState.TRACKING


@given(st.lists(st.sampled_from(list(Status)), max_size=40))
def test_any_order_of_results_keeps_the_books(results):
    one = session()
    for n, status in enumerate(results):
        before = one.last_pose
        one.receive(rigid(np.eye(3), np.array([0.0, 0.0, 900.0 + n])), status, n)
        assert (one.state is SessionState.TRACKING) == (status is SURE)
        assert one.last_pose is not before or status is not SURE
        plan = one.plan()
        assert plan.nearby == (one.state is SessionState.TRACKING)
        assert plan.start is not None or one.state is SessionState.SEARCHING
    assert one.counters["answered"] == len(results)
    assert sum(one.counters[status.value] for status in Status) == len(results)
