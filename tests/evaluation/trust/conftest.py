"""Two small objects with the universal networks, opened once for each file: other files must see those that ship."""

import pytest

from support.stress import put_small_objects, small_subjects


@pytest.fixture(scope="module")
def subjects():
    with pytest.MonkeyPatch.context() as patch:
        put_small_objects(patch)
        yield small_subjects()


@pytest.fixture
def draw(subjects):
    """Return what draws the n-th frame of a group, always with the same generator."""
    import numpy as np

    from fluoropose.evaluation.trust.pictures import RENDERERS, Draw

    def make(number=0, renderer=None, seed=0):
        rng = np.random.default_rng([seed, number])
        return Draw(subjects[0], subjects[1:], renderer or RENDERERS[number % 2], number, rng)

    return make
