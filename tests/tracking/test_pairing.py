"""Frames of one instant: which are registered together, that none waits, and that partners meet once."""

import numpy as np
import pytest

from fluoropose.geometry.rigid import rigid
from fluoropose.tracking.session_settings import (
    Change,
)
from support.sessions import cameras_of, finish, hand_over_all, offer_frame, pair, seen_from, take


def test_two_that_wait_are_solved_together_and_both_answered():
    one = pair()
    offer_frame(one, "b", 5.010)
    offer_frame(one, "a", 5.0)
    job = take(one)
    assert cameras_of(job) == [["a", "b"], []]
    assert job.moment_s == 5.010
    assert one.in_flight == 2
    finish(one)
    assert hand_over_all(one) == [("b", 0), ("a", 0)]
    assert one.counters["answered"] == 2


def test_a_frame_waits_for_no_partner_and_one_that_is_late_meets_it():
    one = pair()
    offer_frame(one, "a", 5.0)
    job = take(one)
    assert cameras_of(job) == [["a"], []]
    offer_frame(one, "b", 5.015)
    finish(one)
    late = take(one)
    assert cameras_of(late) == [["b"], ["a"]]
    assert late.again
    assert [camera_frame.frame.payload for camera_frame in late.camera_frames if camera_frame.kept] == ["decoded"]
    finish(one)
    assert hand_over_all(one) == [("a", 0), ("b", 0)]
    assert one.in_flight == 0


@pytest.mark.parametrize("captured_s", [5.021, 4.979, 60.0, 0.0])
def test_frames_further_apart_than_the_tolerance_are_answered_alone(captured_s):
    one = pair()
    offer_frame(one, "a", 5.0)
    offer_frame(one, "b", captured_s)
    assert cameras_of(take(one)) == [["a"], []]
    finish(one)
    assert cameras_of(take(one)) == [["b"], []]


def test_a_frame_meets_its_partner_once():
    one = pair()
    for camera, captured_s, select_instant in (
        ("a", 5.0, []),
        ("b", 5.001, ["a"]),
        ("b", 5.010, []),
        ("a", 5.011, ["b"]),
    ):
        offer_frame(one, camera, captured_s)
        job = take(one)
        assert cameras_of(job) == [[camera], select_instant]
        finish(one)


def test_frames_without_times_are_paired_by_their_numbers():
    one = pair()
    for seq in (3, 4):
        one.offer("pixels", seq, 0, 0, None, "a")
        one.offer("pixels", seq - 1, 0, 0, None, "b")
        assert cameras_of(take(one))[0] == ["a"]
        finish(one)
        assert cameras_of(take(one)) == ([["b"], []])
        finish(one)
    one.offer("pixels", 4, 0, 0, None, "b")
    assert cameras_of(take(one)) == [["b"], ["a"]]


def test_each_camera_has_its_own_waiting_place_and_numbers():
    one = pair()
    offer_frame(one, "a", 1.0, 7)
    assert [drop.reason for drop in offer_frame(one, "b", 1.0, 2)[1]] == []
    assert [drop.reason for drop in offer_frame(one, "b", 1.1, 3)[1]] == ["superseded"]
    assert [drop.error.code for drop in offer_frame(one, "a", 1.1, 7)[1]] == ["sequence-conflict"]


def test_a_partner_that_cannot_be_used_costs_its_own_answer_only():
    one = pair()
    offer_frame(one, "a", 1.0)
    offer_frame(one, "b", 1.0)
    take(one)
    assert [drop.reason for drop in finish(one, spoilt=1)] == ["invalid"]
    assert hand_over_all(one) == [("b", 0)]
    offer_frame(one, "a", 1.001)
    assert cameras_of(take(one)) == [["a"], ["b"]]


def test_a_late_partner_moves_the_track_to_no_later_time():
    """The joint pose takes the place of the one found alone: what lies between them is no motion."""
    one, moved = pair(), np.eye(4)
    for n in range(3):
        moved = rigid(np.eye(3), np.array([3.0 * n, 0.0, 0.0]))
        alone = rigid(np.eye(3), np.array([3.0 * n, 0.0, 8.0]))
        offer_frame(one, "a", n / 15)
        take(one)
        finish(one, pose=alone)
        offer_frame(one, "b", n / 15 + 0.001)
        take(one)
        finish(one, pose=moved)
    start = one.tracker.plan(3 / 15).start
    np.testing.assert_allclose(start[:3, 3], [9.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(one.tracker.plan(2 / 15 + 0.002, again=True).start, moved)


def test_what_was_kept_goes_when_the_client_does_or_a_camera_changes():
    for forget in (lambda one: one.leave("disconnected"), lambda one: one.change(Change({"b": seen_from(80)}), {})):
        one = pair()
        offer_frame(one, "a", 1.0)
        take(one)
        finish(one)
        forget(one)
        one.join()
        offer_frame(one, "b", 1.0)
        assert cameras_of(take(one)) == [["b"], []]


def test_times_that_run_backwards_are_answered():
    one = pair()
    for captured_s in (5.0, 4.9, 5.1, 0.0, 0.066):
        offer_frame(one, "a", captured_s)
        assert cameras_of(take(one)) == [["a"], []]
        finish(one)
    assert len(hand_over_all(one)) == 1
    assert one.dropped == {"superseded": 4}


@pytest.mark.parametrize(("camera", "words"), [("c", "of: a, b; got 'c'"), (None, "got none")])
def test_a_frame_of_an_unknown_camera_is_refused_and_harms_nothing(camera, words):
    one = pair()
    offer_frame(one, "a", 1.0)
    _, (drop,) = offer_frame(one, camera, 1.0)
    assert (drop.reason, drop.error.code) == ("invalid", "unknown-camera")
    assert words in str(drop.error)
    assert cameras_of(take(one)) == [["a"], []]


def test_a_partner_that_was_forgotten_meanwhile_stays_forgotten():
    """A camera changes while a late frame and its partner are registered: the partner is not kept again."""
    one = pair()
    offer_frame(one, "a", 1.0)
    take(one)
    finish(one)
    offer_frame(one, "b", 1.0)
    assert cameras_of(take(one)) == [["b"], ["a"]]
    one.change(Change({"b": seen_from(80)}), {})
    finish(one)
    offer_frame(one, "b", 1.0, seq=5)
    assert cameras_of(take(one)) == [["b"], []]
