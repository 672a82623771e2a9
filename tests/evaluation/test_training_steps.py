"""Steps of a training: each has its number, a new one ends the one before, and one that is skipped keeps its number."""

from contextlib import contextmanager

import pytest

from fluoropose.evaluation.training_steps import NumberedSteps


@pytest.fixture
def told():
    return []


@pytest.fixture
def bars(told):
    @contextmanager
    def recorded(title):
        told.append(title)
        yield lambda done, total, note="": told.append((done, total, note))
        told.append("end")

    return recorded


def test_each_step_has_a_bar_of_its_own(bars, told):
    with NumberedSteps(bars, ("a", "b", "c")) as steps:
        steps.report("a", 1, 2)
        steps.report("a", 2, 2)
        with steps.bars("c") as report:
            report(5, 9, "word")
    assert told == ["step 1 of 3: a", (1, 2, ""), (2, 2, ""), "end", "step 3 of 3: c", (5, 9, "word"), "end"]


def test_an_error_ends_the_step(bars, told):
    @contextmanager
    def closing(title):
        try:
            yield lambda done, total, note="": None
        finally:
            told.append("closed")

    with pytest.raises(KeyboardInterrupt), NumberedSteps(closing, ("a",)) as steps:
        steps.report("a", 1, 2)
        raise KeyboardInterrupt
    assert told == ["closed"]
