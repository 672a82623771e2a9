"""Where nobody looks, reports go nowhere; an environment keeps what draws them."""

from contextlib import contextmanager

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.progress import no_bars
from fluoropose.evaluation.simulated_frames import simulate_truths


def test_nobody_is_told():
    with no_bars("work") as report:
        assert report(1, 2) is None
        assert report(2, 2, "last") is None


def test_each_piece_of_work_is_told_to_the_end(small_case):
    told = []

    @contextmanager
    def bars(title):
        yield lambda done, total, note="": told.append((title, done, total))

    simulate_truths(small_case, 2, 1.0, 0, Environment(progress=bars))
    assert told == [("simulating frames", 1, 2), ("simulating frames", 2, 2)]
