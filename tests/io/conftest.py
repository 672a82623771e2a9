import pytest

from support.object_store import bucket
from support.volumes import random_ct


@pytest.fixture
def volume(rng):
    return random_ct(rng)


@pytest.fixture
def object_store(monkeypatch):
    """The address of an empty bucket of a real object store on loopback."""
    with bucket(monkeypatch) as address:
        yield address
