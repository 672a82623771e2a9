"""Fair turns: nobody is served twice while another waits, and a quiet one is served at once."""

from hypothesis import given
from hypothesis import strategies as st

from fluoropose.tracking.fair_queue import FairQueue


def test_two_that_always_wait_alternate():
    turns = FairQueue()
    assert [turns.choose(["a", "b"]) for _ in range(6)] == ["a", "b"] * 3


def test_one_that_seldom_comes_goes_first():
    turns = FairQueue()
    assert [turns.choose(["busy"]) for _ in range(3)] == ["busy"] * 3
    assert turns.choose(["busy", "quiet"]) == "quiet"
    assert turns.choose([]) is None
    turns.forget("busy")
    assert turns.choose(["quiet", "busy"]) == "busy"


@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=1), max_size=60))
def test_whoever_waits_is_passed_over_at_most_once_by_each_other(rounds):
    turns, passed_over = FairQueue(), dict.fromkeys("abcd", 0)
    for waiting in rounds:
        chosen = turns.choose(sorted(waiting))
        for member in passed_over:
            skipped = member in waiting and member != chosen
            passed_over[member] = passed_over[member] + 1 if skipped else 0
        assert max(passed_over.values()) <= 3
