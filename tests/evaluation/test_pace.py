"""The time left: from the rate of the last half minute, without what was done before."""

import pytest

from fluoropose.evaluation.pace import Pace, left_in_words


def test_the_time_left_is_what_remains_at_the_measured_rate():
    pace = Pace()
    for second in range(11):
        pace.count(float(second), 4 * second)
    assert pace.seconds_left(100) == pytest.approx(15.0)


def test_what_a_checkpoint_holds_does_not_count_as_speed():
    pace = Pace()
    pace.count(0.0, 701)
    assert pace.seconds_left(1500) is None
    pace.count(2.0, 705)
    assert pace.seconds_left(1500) == pytest.approx(397.5)


def test_a_machine_that_grows_slow_is_believed_within_half_a_minute():
    pace = Pace()
    for second in range(100):
        pace.count(float(second), 10 * second)
    for second in range(31):
        pace.count(100.0 + second, 1000 + second)
    assert pace.seconds_left(1090) == pytest.approx(60.0)


@pytest.mark.parametrize("counts", [[], [(1.0, 5)], [(1.0, 5), (2.0, 5)], [(1.0, 5), (1.0, 6)]])
def test_a_rate_that_is_not_known_tells_no_time(counts):
    pace = Pace()
    for now_s, done in counts:
        pace.count(now_s, done)
    assert pace.seconds_left(10) is None


def test_nothing_is_left_at_the_end():
    pace = Pace()
    pace.count(1.0, 10)
    assert pace.seconds_left(10) == 0.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (3.4, "about 3 s left in this step"),
        (119.0, "about 119 s left in this step"),
        (500.0, "about 8 min left in this step"),
    ],
)
def test_times_are_told_in_words(seconds, words):
    assert left_in_words(seconds) == words
