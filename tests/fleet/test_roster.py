"""Who is there, by the clock of who keeps the roster; and how many workers there should be."""

import pytest

from fluoropose.fleet.roster import Roster, ScaleRule, wanted_workers
from support.fleet import worker

RULE = ScaleRule(1, 10)


def names(roster, now_s):
    return [one.worker for one in roster.current(now_s)]


def test_a_worker_that_is_silent_is_not_counted_on_and_still_known():
    roster = Roster(silent_s=2.0)
    roster.report(worker("w1"), 10.0)
    roster.report(worker("w2"), 11.5)
    assert names(roster, 12.0) == ["w1", "w2"]
    assert names(roster, 13.0) == ["w2"]
    assert [one.worker for one in roster.known()] == ["w1", "w2"]
    roster.forget("w1")
    assert [one.worker for one in roster.known()] == ["w2"]


def test_clocks_that_are_apart_change_nothing():
    """Facts bear no time: a worker whose clock is a day ahead is as much there as another."""
    roster = Roster()
    roster.report(worker("w1", extra={"time": 86400.0 * 365}), 10.0)
    roster.report(worker("w2", extra={"time": 0.0}), 10.0)
    assert names(roster, 11.0) == ["w1", "w2"]


def test_a_session_just_given_counts_before_the_worker_says_so():
    roster = Roster()
    roster.report(worker("w1", sessions=3), 0.0)
    roster.count_session("w1", frozenset({"knee"}))
    roster.count_session("nobody", frozenset({"knee"}))
    (facts,) = roster.current(0.0)
    assert (facts.sessions, facts.cases, facts.used_cases) == (4, {"knee"}, {"knee"})
    roster.report(worker("w1", sessions=1), 1.0)
    assert roster.current(1.0)[0].sessions == 1, "what it says itself counts"


def test_a_session_just_closed_counts_before_the_worker_says_so():
    roster = Roster()
    roster.report(worker("w1", sessions=1), 0.0)
    for name in ("w1", "w1", "nobody"):
        roster.count_closed(name)
    assert roster.current(0.0)[0].sessions == 0


def test_a_suspect_is_counted_on_again_once_it_speaks():
    roster = Roster()
    roster.report(worker("w1"), 0.0)
    roster.suspect("w1")
    roster.suspect("nobody")
    assert names(roster, 0.0) == []
    roster.report(worker("w1"), 0.1)
    assert names(roster, 0.1) == ["w1"]


@pytest.mark.parametrize(
    "workers, wanted",
    [
        ([], 1),
        ([worker("a", sessions=0)], 1),
        ([worker("a", sessions=61)], 2),
        ([worker("a", sessions=100), worker("b", sessions=100)], 4),
        ([worker("a", sessions=100, draining=True), worker("b", sessions=10)], 1),
        ([worker(n, sessions=10) for n in "abc"], 1),
        ([worker(n, sessions=28) for n in "ab"], 2),
        ([worker("a", sessions=5, frame_age_ms=900.0)], 2),
        ([worker("a", sessions=5, spare_bytes=0), worker("b", spare_bytes=0)], 3),
        ([worker(n, sessions=100) for n in "abcdefghij"], 10),
    ],
)
def test_workers_come_and_go_by_sessions_age_of_frames_and_memory(workers, wanted):
    assert wanted_workers(workers, RULE) == wanted


def test_there_are_never_fewer_than_the_least():
    assert wanted_workers([worker("a")], ScaleRule(3, 10)) == 3
