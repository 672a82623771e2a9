"""The session core: newest first, ages, and books that balance whatever happens (a hypothesis machine)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fluoropose.errors import ConflictError, FrameError, NotReadyError
from fluoropose.geometry.camera import Camera
from fluoropose.registration.assessment import Status
from fluoropose.tracking.jobs import DROP_REASONS, DroppedFrame, Job, JobAnswers, ReadyResult
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionCamera, UnknownObjectError
from fluoropose.tracking.tracked_object import Observation
from support.sessions import CAMERA, MS, finish, frame_of, pair, session, take


def test_a_frame_goes_through():
    one = session()
    ticket, dropped = one.offer("pixels", 7, 2 * MS, 10 * MS)
    assert not dropped
    job = take(one, 11 * MS)
    assert isinstance(job, Job)
    frame = frame_of(job)
    assert (frame.ticket, frame.seq, frame.captured_ns, frame.payload) == (ticket, 7, 8 * MS, "pixels")
    assert one.take(11 * MS) == (None, [])
    assert one.hand_over(11 * MS) is None
    assert finish(one) == []
    ready = one.hand_over(12 * MS)
    assert isinstance(ready, ReadyResult)
    assert (ready.answer, ready.dropped, one.last_seq) == ("answer", 0, 7)
    assert one.hand_over(12 * MS) is None


def test_the_newest_waiting_frame_wins_and_the_next_answer_reports_the_others():
    one = session()
    one.offer("a", 0, 0, 0)
    one.take(0)
    tickets = [one.offer(letter, None, 0, 0) for letter in "bcd"]
    assert [[drop.reason for drop in dropped] for _, dropped in tickets] == [[], ["superseded"], ["superseded"]]
    finish(one)
    assert one.hand_over(0).dropped == 2
    frame = frame_of(take(one))
    assert (frame.payload, frame.seq) == ("d", 3)
    finish(one)
    assert one.hand_over(0).dropped == 0


def test_reject_keeps_the_waiting_frame():
    one = session(policy="reject")
    one.offer("a", None, 0, 0)
    _, dropped = one.offer("b", None, 0, 0)
    assert [drop.reason for drop in dropped] == ["rejected"]
    assert frame_of(take(one)).payload == "a"


def test_a_client_that_does_not_read_loses_the_older_answer():
    one = session()
    for n in range(2):
        one.offer(n, n, 0, 0)
        one.take(0)
        dropped = finish(one)
    assert [(drop.seq, drop.reason) for drop in dropped] == [(0, "superseded")]
    assert one.hand_over(0).frame.seq == 1


@pytest.mark.parametrize(("taken_ms", "handed_ms", "reason"), [(51, 51, "stale_queue"), (40, 51, "stale_emit")])
def test_age_is_checked_before_and_after_compute(taken_ms, handed_ms, reason):
    one = session(max_age_ms=50)
    one.offer("a", 0, 10 * MS, 10 * MS)
    taken = take(one, taken_ms * MS)
    if isinstance(taken, Job):
        finish(one)
        taken = one.hand_over(handed_ms * MS)
    assert isinstance(taken, DroppedFrame)
    assert taken.reason == reason
    assert "at most 50 ms of age, got 51 ms" in str(taken.error)
    assert one.counters["answered"] == 0


def test_a_capture_time_in_the_future_is_no_negative_age():
    one = session(max_age_ms=50)
    one.offer("a", 0, -3600_000 * MS, 10 * MS)
    assert frame_of(take(one, 10 * MS)).captured_ns == 10 * MS


def test_moments_are_the_clients_or_evenly_spaced():
    one = session()
    for seq, captured_s, moment in ((0, 12.5, 12.5), (3, None, 0.2), (5, None, 1 / 3)):
        one.offer("a", seq, 7 * MS, 10 * MS, captured_s)
        assert frame_of(take(one, 10 * MS)).moment_s == pytest.approx(moment)
        finish(one)


@pytest.mark.parametrize("seq", [4, 3, 0])
def test_a_number_that_does_not_rise_is_refused_and_harms_nothing(seq):
    one = session()
    one.offer("a", 4, 0, 0)
    _, dropped = one.offer("b", seq, 0, 0)
    assert [drop.reason for drop in dropped] == ["invalid"]
    assert dropped[0].error.code == "sequence-conflict"
    assert frame_of(take(one)).payload == "a"


def test_a_frame_that_cannot_be_used_leaves_the_track_alone():
    one = session()
    one.offer("a", 0, 0, 0)
    one.take(0)
    assert [drop.reason for drop in one.fail(FrameError("expected pixels, got none"))] == ["invalid"]
    assert one.tracker.last_pose is None
    assert one.in_flight == 0


def three_in_flight():
    one = session()
    for letter in "abc":
        one.offer(letter, None, 0, 0)
        if letter != "c":
            one.take(0)
        if letter == "a":
            finish(one)
    assert one.in_flight == 3
    return one


def test_closing_ends_every_frame():
    one = three_in_flight()
    assert [drop.reason for drop in one.close("disconnected")] == ["disconnected", "disconnected"]
    assert [drop.reason for drop in finish(one)] == ["disconnected"]
    assert [drop.reason for drop in one.offer("d", None, 0, 0)[1]] == ["disconnected"]
    assert one.in_flight == 0


def test_draining_answers_what_is_in_flight_and_refuses_the_rest():
    one = three_in_flight()
    one.drain()
    refused = one.offer("d", None, 0, 0)[1]
    assert [(drop.reason, drop.error.code) for drop in refused] == [("draining", "not-ready")]
    seqs = [one.hand_over(0).frame.seq]
    while one.in_flight:
        finish(one)
        seqs.append(one.hand_over(0).frame.seq)
        one.take(0)
    assert seqs == [0, 1, 2]


def test_a_restart_keeps_what_is_not_changed():
    one = session()
    one.offer("a", 0, 0, 0)
    one.take(0)
    finish(one)
    camera = SessionCamera(Camera(32, 32, CAMERA.intrinsic_matrix))
    one.change(Change({None: camera}), {})
    assert list(one.settings.cameras.values()) == [camera]
    assert one.tracker.initial_pose is not None
    assert one.tracker.state.value == "NEW"
    one.change(Change(initial_pose=np.diag([1.0, -1, -1, 1])), {})
    assert list(one.settings.cameras.values()) == [camera]
    assert one.take(0) == (None, [])
    assert one.counters["received"] == 1


def test_a_client_that_comes_back_is_answered_again():
    one = three_in_flight()
    one.leave("disconnected")
    one.join()
    finish(one)
    assert one.hand_over(0).frame.seq == 1


class Books(RuleBasedStateMachine):
    """Whatever a client, the device and the clock do, in any order, every frame is accounted for exactly once."""

    def __init__(self):
        super().__init__()
        self.one = pair(max_age_ms=30)
        self.now = 0
        self.open_tickets = set()
        self.last_handed = {"a": -1, "b": -1}

    def _ended(self, *dropped):
        for drop in dropped:
            assert drop.reason in DROP_REASONS
            assert drop.ticket in self.open_tickets
            self.open_tickets.remove(drop.ticket)

    @rule(
        seq=st.none() | st.integers(0, 50),
        age_ms=st.integers(-5, 60),
        captured_ms=st.none() | st.integers(-50, 50),
        camera=st.sampled_from(["a", "b", "c", None]),
        policy=st.sampled_from(["latest", "reject"]),
    )
    def offer(self, seq, age_ms, captured_ms, camera, policy):
        self.one.settings = replace(self.one.settings, policy=policy)
        captured_s = None if captured_ms is None else captured_ms / 1e3
        ticket, dropped = self.one.offer("pixels", seq, age_ms * MS, self.now, captured_s, camera)
        assert ticket not in self.open_tickets
        self.open_tickets.add(ticket)
        self._ended(*dropped)

    @rule(ms=st.integers(0, 40))
    def wait(self, ms):
        self.now += ms * MS

    @rule()
    def take(self):
        before = self.one.running
        job, dropped = self.one.take(self.now)
        self._ended(*dropped)
        if job is not None:
            assert before is None
            cameras = [camera_frame.frame.camera for camera_frame in job.camera_frames]
            assert len(set(cameras)) == len(cameras)
            moments = [camera_frame.frame.moment_s for camera_frame in job.camera_frames]
            assert max(moments) - min(moments) <= 0.0201

    @rule(status=st.sampled_from(list(Status)), broken=st.booleans())
    def end(self, status, broken):
        if self.one.running is None:
            return
        if broken:
            self._ended(*self.one.fail(FrameError("broken"), "failed"))
        else:
            self._ended(*finish(self.one, status))

    @rule(status=st.sampled_from(list(Status)))
    def end_without_the_first(self, status):
        if self.one.running is not None:
            self._ended(*finish(self.one, status, spoilt=1))

    @rule(which=st.none() | st.integers(1, 40))
    def hand_over(self, which):
        given = self.one.hand_over(self.now, which)
        if isinstance(given, DroppedFrame):
            self._ended(given)
        elif given is not None:
            assert which in (None, given.frame.ticket)
            assert given.frame.seq > self.last_handed[given.frame.camera]
            self.last_handed[given.frame.camera] = given.frame.seq
            self.open_tickets.remove(given.frame.ticket)

    @rule(case=st.sampled_from([None, "case", "other"]))
    def restart(self, case):
        try:
            self.one.change(Change(case=case), {})
        except UnknownObjectError:
            assert case not in self.one.objects

    @rule(add=st.booleans())
    def objects(self, add):
        there = "other" in self.one.objects
        change = Change(add=(ObjectStart("other"),)) if add else Change(remove=("other",))
        try:
            self.one.change(change, {"other": np.zeros(3)})
        except (ConflictError, UnknownObjectError):
            assert add == there
        else:
            assert add != there

    @rule(status=st.sampled_from(list(Status)), broken=st.booleans())
    def search_beside(self, status, broken):
        if self.one.searching is not None:
            missing = self.one.searching.reported_tasks
            assert all(task.plan.start is None for task in missing)
            seen = {task.tracked_object.case: Observation(np.eye(4), status) for task in missing}
            self.one.end_search({} if broken else seen)
        elif self.one.search_is_due:
            assert self.one.take_search().frames == []

    @rule()
    def leave(self):
        self._ended(*self.one.leave("disconnected"))

    @rule()
    def join(self):
        self.one.join()

    @rule(hard=st.booleans())
    def close(self, hard):
        if hard:
            self._ended(*self.one.close("disconnected"))
        else:
            self.one.drain()

    @invariant()
    def the_books_balance(self):
        one = self.one
        assert one.counters["received"] == one.counters["answered"] + sum(one.dropped.values()) + one.in_flight
        assert one.in_flight == len(self.open_tickets) <= 6


TestBooks = Books.TestCase
TestBooks.settings = hypothesis_settings(max_examples=100, stateful_step_count=50, deadline=None)


def test_something_that_is_no_frame_is_counted():
    one = session()
    drop = one.refuse(FrameError("expected pixels, got none"), 3)
    assert (drop.reason, drop.seq) == ("invalid", 3)
    assert (one.counters["received"], one.dropped["invalid"], one.in_flight) == (1, 1, 0)


def test_an_overloaded_service_drops_a_waiting_frame():
    one = pair()
    one.offer("a", 0, 0, 0, 1.0, "a")
    ticket, _ = one.offer("b", 0, 0, 0, 1.0, "b")
    drop = one.refuse_waiting(NotReadyError("expected less to do, got too much"), ticket)
    assert (drop.ticket, drop.reason) == (ticket, "rejected")
    assert list(one.waiting) == ["a"]


def test_a_session_waits_for_its_first_frame_until_one_or_a_stream_comes():
    one, streamed = session(), session()
    assert one.awaits_first_frame
    one.offer("a", 0, 0, 0)
    assert not one.awaits_first_frame
    streamed.join()
    assert not streamed.awaits_first_frame


def test_every_case_of_a_session_is_named():
    one = pair(cases=("x", "y"))
    assert one.cases == {"x", "y"}


def test_a_lost_object_is_searched_for_beside_the_frames_and_followed_again():
    one = pair(cases=("x", "y"))
    one.offer("pixels", 0, 0, 0, 1.0, "a")
    job = take(one)
    seen = {"x": Observation(np.eye(4), Status.TRACKING), "y": Observation(np.eye(4), Status.LOST)}
    ticket = frame_of(job).ticket
    one.complete(JobAnswers(seen, {ticket: "answer"}, {ticket: "decoded"}))
    assert one.search_is_due
    assert not one.needs_search
    search = one.take_search()
    assert [task.tracked_object.case for task in search.reported_tasks] == ["y"]
    assert not one.search_is_due
    one.end_search({"y": Observation(np.eye(4), Status.TRACKING)})
    assert one.objects["y"].tracker.state.value == "TRACKING"
    one.end_search({"y": Observation(np.eye(4), Status.LOST)})
    assert one.objects["y"].tracker.state.value == "TRACKING"


def test_a_search_needs_a_frame_to_search_in():
    with pytest.raises(AssertionError, match="expected a frame to search in"):
        session().take_search()
    with pytest.raises(AssertionError, match="expected a running frame"):
        session().complete(JobAnswers({}, {}))
