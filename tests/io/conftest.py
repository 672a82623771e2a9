import pytest

from support.volumes import random_ct


@pytest.fixture
def volume(rng):
    return random_ct(rng)
