"""Random subjects of the universal networks, and their stream."""

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.train.fit import AbstractSubjects, learnt_subject
from fluoropose.train.universal import UNIVERSAL_STAGES, StreamedSubjects, StreamPlan, universal_subject

FEW = AtlasGrid(2.0, 2.0)


@pytest.fixture(scope="module")
def subjects():
    return [universal_subject(np.random.default_rng(seed), 2, FEW) for seed in range(6)]


def test_some_objects_are_alone_and_some_in_a_body(subjects):
    assert {subject.atlas.has_surroundings for subject in subjects} == {True, False}
    for subject in subjects:
        assert np.asarray(subject.atlas.views).max() > 0.05
        assert (subject.bank.surroundings is not None) == subject.atlas.has_surroundings
        assert len(subject.bank.images) == 2


def test_a_seed_gives_one_subject(subjects):
    again = universal_subject(np.random.default_rng(2), 2, FEW)
    np.testing.assert_array_equal(again.bank.images, subjects[2].bank.images)


def test_the_iteration_alone_tells_which_objects_there_are(subjects, monkeypatch):
    made = []

    def make(rng, pictures, grid):
        made.append(int(rng.integers(1 << 30)))
        return subjects[len(made) % len(subjects)]

    monkeypatch.setattr("fluoropose.train.universal.universal_subject", make)
    plan = StreamPlan(seed=5, at_once=3, per_batch=3, every=2, pictures=2)
    whole, rest = StreamedSubjects(plan, FEW), StreamedSubjects(plan, FEW)
    rng = np.random.default_rng(0)
    for iteration in range(7):
        drawn = whole.draw(iteration, rng)
        assert len(drawn) == 3
    first = list(made)
    # Three at once, and one more after iterations 2, 4 and 6.
    assert len(first) == len(set(first)) == 6
    rest.draw(6, rng)
    assert made[6:] == first[3:]
    assert isinstance(whole, AbstractSubjects)
    assert whole.identity == rest.identity != StreamedSubjects(StreamPlan(seed=6), FEW).identity


def test_the_first_objects_are_reported(subjects, monkeypatch):
    monkeypatch.setattr("fluoropose.train.universal.universal_subject", lambda rng, pictures, grid: subjects[0])
    told = []
    StreamedSubjects(StreamPlan(1, 3, 2, 2, 2), FEW, lambda done, total: told.append((done, total))).draw(
        0, np.random.default_rng(0)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_both_networks_have_a_stage(subjects):
    assert set(UNIVERSAL_STAGES) == {"coarse", "fine"}
    assert learnt_subject(subjects[0]).subject is subjects[0]
