"""What is shown of a session: read once, and not changed by what happens to the session later."""

import numpy as np

from fluoropose.serving.session_description import describe_session
from fluoropose.tracking.tracker import TrackState
from support import sessions


def test_a_new_session_has_counted_nothing():
    told = describe_session(sessions.session())
    assert (told.name, told.policy, told.cameras, told.last_seq) == ("s", "latest", ("camera",), None)
    assert told.counters == {"received": 0, "answered": 0, "in_flight": 0}
    (track,) = told.tracks
    assert (track.case, track.last_status) == ("case", None)


def test_a_description_is_that_of_its_moment():
    one = sessions.session()
    one.offer("pixels", None, 0, 0)
    sessions.take(one)
    before = describe_session(one)
    sessions.finish(one)
    one.hand_over(0)
    after = describe_session(one)
    assert (before.counters["received"], before.counters["in_flight"], before.last_seq) == (1, 1, None)
    assert (after.counters["answered"], after.counters["in_flight"], after.last_seq) == (1, 0, 0)
    assert after.tracks[0].state is TrackState.TRACKING
    np.testing.assert_array_equal(after.tracks[0].last_pose, np.eye(4))
