"""Sessions find their worker, also when the best one has gone or has no place after all."""

import asyncio
import random

import pytest

from fluoropose.fleet.door.placing import Placer, WorkerGoneError, WorkerRefusedError
from fluoropose.fleet.placement import NoWorkerError
from support.fleet import VERSION, FakeView, worker

KNEE = frozenset({"knee"})


def place(placer, **faults):
    asked = []

    async def ask(one):
        asked.append(one.worker)
        if one.worker in faults:
            raise faults[one.worker]
        return "session"

    chosen, answer = asyncio.run(placer.place(KNEE, ask))
    assert answer == "session"
    return chosen.worker, asked


def test_the_next_best_is_asked_when_a_worker_has_gone_and_that_one_is_not_asked_again():
    view = FakeView(worker("w1", cases=KNEE), worker("w2"))
    placer = Placer(view, random.Random(1), VERSION)
    assert place(placer, w1=WorkerGoneError()) == ("w2", ["w1", "w2"])
    assert place(placer) == ("w2", ["w2"])
    assert placer.counts == {"resident": 1, "loaded": 1, "refused": 0, "moved": 1}


def test_a_worker_that_has_no_room_is_asked_again_next_time():
    view = FakeView(worker("w1", cases=KNEE), worker("w2"))
    placer = Placer(view, random.Random(1), VERSION)
    assert place(placer, w1=WorkerRefusedError("overloaded"))[0] == "w2"
    assert {one.worker for one in view.workers()} == {"w1", "w2"}


def test_sessions_just_placed_count_at_once_so_that_a_burst_is_spread():
    view = FakeView(worker("w1"), worker("w2"))
    placer = Placer(view, random.Random(1), VERSION)
    chosen = [place(placer)[0] for _ in range(20)]
    assert abs(chosen.count("w1") - chosen.count("w2")) <= 2


def test_no_worker_left_says_what_was_tried():
    placer = Placer(FakeView(worker("w1")), random.Random(1), VERSION)
    with pytest.raises(NoWorkerError, match="tried in vain; w1 did not answer|there are none; w1 did not answer"):
        place(placer, w1=WorkerGoneError())
    assert placer.counts["refused"] == 1


def test_a_fleet_in_which_nobody_answers_is_given_up_after_some():
    placer = Placer(FakeView(*(worker(f"w{n}") for n in range(9))), random.Random(1), VERSION)
    with pytest.raises(NoWorkerError, match="got 4 that did not"):
        place(placer, **{f"w{n}": WorkerRefusedError("full") for n in range(9)})


def test_two_front_doors_place_side_by_side_without_a_word():
    """Each knows what workers say and what it placed itself; together they are nearly even."""
    doors = [Placer(FakeView(*(worker(f"w{n}") for n in range(4))), random.Random(seed), VERSION) for seed in (1, 2)]
    chosen = [place(placer)[0] for _ in range(20) for placer in doors]
    counts = [chosen.count(f"w{n}") for n in range(4)]
    assert max(counts) - min(counts) <= 4
