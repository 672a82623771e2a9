"""The real placement code: by hand on a few workers, and 10,000 sessions on 200 simulated ones."""

import itertools
import random
import time

import pytest

from fluoropose.fleet.placement import NoWorkerError, Wanted, choose_worker
from support.fleet import VERSION, SimulatedFleet, worker

KNEE = Wanted(frozenset({"knee"}), VERSION)


def choose(*workers, wanted=KNEE):
    choice = choose_worker(workers, wanted, random.Random(1))
    return choice.worker.worker, choice.resident


def holding(name, *cases, **fields):
    return worker(name, cases=frozenset(cases), **fields)


def test_the_worker_that_holds_the_case_is_chosen():
    assert choose(worker("w1"), holding("w2", "knee"), worker("w3")) == ("w2", True)


def test_of_two_that_hold_it_the_one_with_less_to_do():
    assert choose(holding("w1", "knee", sessions=5), holding("w2", "knee", sessions=4)) == ("w2", True)


def test_a_session_of_two_cases_goes_where_both_are():
    both = Wanted(frozenset({"knee", "plate"}), VERSION)
    assert choose(holding("w1", "knee"), holding("w2", "knee", "plate"), wanted=both) == ("w2", True)


def test_a_popular_case_is_loaded_by_a_second_worker():
    assert choose(holding("w1", "knee", sessions=20), worker("w2", sessions=3)) == ("w2", False)


def test_a_case_that_nobody_holds_goes_where_least_is_done_and_there_is_room():
    full = holding("w1", "a", used_cases=frozenset("a"), resident_bytes=10, spare_bytes=0)
    assert choose(full, holding("w2", "a", resident_bytes=10, spare_bytes=10, sessions=3)) == ("w2", False)


def test_where_all_cases_are_in_use_the_worker_is_asked_all_the_same():
    full = holding("w1", "a", used_cases=frozenset("a"), resident_bytes=10, spare_bytes=0)
    assert choose(full) == ("w1", False)


def test_a_worker_whose_frames_are_late_is_the_last_choice():
    late = holding("w1", "knee", frame_age_ms=900.0)
    assert choose(late, worker("w2")) == ("w2", False)
    assert choose(late) == ("w1", True)


def test_during_an_upgrade_a_session_goes_to_a_worker_of_its_front_doors_version():
    assert choose(holding("w1", "knee", version=f"{VERSION}.post1"), worker("w2")) == ("w2", False)


def test_a_worker_of_another_major_version_is_refused():
    with pytest.raises(NoWorkerError, match="not of version"):
        choose(holding("w1", "knee", version="99.0.0"))


@pytest.mark.parametrize(
    "workers, reason",
    [
        ([], "there are none"),
        ([worker("w1", draining=True), worker("w2", ready=False)], "start or end"),
        ([worker("w1", sessions=100)], "as many sessions as they may"),
    ],
)
def test_no_worker_left_says_why(workers, reason):
    with pytest.raises(NoWorkerError, match=reason):
        choose(*workers)


def test_a_worker_that_was_tried_in_vain_is_not_tried_again():
    tried = Wanted(KNEE.cases, KNEE.version, frozenset({"w1"}))
    assert choose(holding("w1", "knee"), worker("w2"), wanted=tried) == ("w2", False)
    with pytest.raises(NoWorkerError, match="tried in vain"):
        choose(holding("w1", "knee"), wanted=tried)


def test_two_front_doors_that_know_the_same_do_not_choose_the_same_worker():
    workers = [worker(f"w{number}") for number in range(50)]
    chosen = {choose_worker(workers, KNEE, random.Random(seed)).worker.worker for seed in range(20)}
    assert len(chosen) > 10


def test_of_very_many_workers_a_sample_is_looked_at():
    workers = [worker(f"w{number}", sessions=number % 50) for number in range(5000)]
    assert choose_worker(workers, KNEE, random.Random(1)).worker.sessions < 3


def test_ten_thousand_sessions_on_two_hundred_workers_with_a_thousand_cases():
    """Placed in under 10 ms each, within 10 % of even, and 95 % of later ones where their case is."""
    fleet = SimulatedFleet(workers=200, slots=20, capacity=100, seed=1)
    cases, popularity = [f"c{n}" for n in range(1000)], list(itertools.accumulate(1 / (n + 1) for n in range(1000)))
    began_s = time.process_time()
    for _ in range(10_000):
        fleet.open(fleet.rng.choices(cases, cum_weights=popularity)[0])
    placed_ms = 1e3 * (time.process_time() - began_s) / 10_000
    done = [one.used.total() for one in fleet.workers.values()]
    assert 45 <= min(done) and max(done) <= 55, "within 10 % of the 50 sessions of an even share"
    assert placed_ms < 10.0, "with what the simulation itself takes"

    fleet.resident = fleet.loaded = 0
    for _ in range(2000):
        fleet.close_one()
        fleet.open(fleet.rng.choices(cases, cum_weights=popularity)[0])
    assert fleet.resident / (fleet.resident + fleet.loaded) >= 0.95
    held = [sum(case in one.resident for one in fleet.workers.values()) for case in ("c0", "c900")]
    assert held[0] > 10 and held[1] <= 4, "popular cases are held by several workers, others by few"
