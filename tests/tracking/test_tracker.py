"""The table of states of a track, and its hypothesis machine: any order of results keeps it sound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_z
from fluoropose.registration.assessment import Status
from fluoropose.tracking.tracker import Tracker, TrackState

SURE, DOUBT, LOST = Status.TRACKING, Status.LOW_CONFIDENCE, Status.LOST
CENTRE = np.array([10.0, 20.0, 30.0])


def tracker(start=np.eye(4)):
    return Tracker(start, CENTRE)


def told(one, status, n=0, pose=np.eye(4)):
    one.receive(pose, status, n / 15.0, one.plan(n / 15.0))


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
    one = tracker()
    for n, status in enumerate(results):
        told(one, status, n)
    assert one.state is TrackState[state]


def test_where_frames_start():
    one = tracker(start=None)
    assert one.plan(0.0).start is None
    told(one, SURE, 0, rigid(np.eye(3), np.array([0.0, 0, 900])))
    plan = one.plan(0.1)
    assert plan.nearby
    np.testing.assert_array_equal(plan.start[:3, 3], [0, 0, 900])
    told(one, DOUBT, 1)
    assert not one.plan(0.2).nearby
    np.testing.assert_array_equal(one.plan(0.2).start[:3, 3], [0, 0, 900])
    told(one, LOST, 2)
    assert one.plan(0.3).start is None


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_a_steady_motion_is_predicted_over_frames_that_were_dropped(skipped):
    def truth(n):
        rotation = about_z(0.01 * n)
        return rigid(rotation, np.array([2.0 * n, 0, 900 - n]) - rotation @ CENTRE)

    one = tracker()
    for n in range(2):
        told(one, SURE, n, truth(n))
    then = 2 + skipped
    np.testing.assert_allclose(one.plan(then / 15.0).start, truth(then), atol=1e-9)


@pytest.mark.parametrize("captured_s", [0.0, -5.0, 1.0 / 15.0, 1e9])
def test_a_clock_that_stands_or_jumps_counts_as_one_frame(captured_s):
    one = tracker()
    for n in range(2):
        told(one, SURE, n, rigid(np.eye(3), np.array([2.0 * n, 0, 900])))
    np.testing.assert_allclose(one.plan(captured_s).start[:3, 3], [4.0, 0, 900], atol=1e-9)


def test_a_restart_forgets_the_pose():
    one = tracker()
    told(one, SURE)
    one.restart(None)
    assert one.state is TrackState.NEW
    assert one.plan(1.0).start is None


def test_a_result_from_before_a_restart_does_not_undo_it():
    one = tracker(start=None)
    before = one.plan(0.0)
    one.restart(None)
    one.receive(rigid(np.eye(3), np.array([0.0, 0, 900])), SURE, 0.0, before)
    assert one.state is TrackState.NEW
    assert one.last_pose is None
    told(one, SURE, 1)
    assert one.state is TrackState.TRACKING


@given(st.lists(st.sampled_from(list(Status)), max_size=40))
def test_any_order_of_results_keeps_the_track_sound(results):
    one = tracker()
    for n, status in enumerate(results):
        before = one.last_pose
        told(one, status, n, rigid(np.eye(3), np.array([0.0, 0.0, 900.0 + n])))
        assert (one.state is TrackState.TRACKING) == (status is SURE)
        assert one.last_pose is not before or status is not SURE
        plan = one.plan((n + 1) / 15.0)
        assert plan.nearby == (one.state is TrackState.TRACKING)
        assert plan.start is not None or one.state is TrackState.SEARCHING
