import pytest

from fluoropose.errors import InputError, UnknownSessionError
from fluoropose.fleet.session_names import check_worker_name, worker_of


def test_a_session_names_its_worker():
    assert worker_of("w3.Ab-_9xyz") == "w3"


@pytest.mark.parametrize("name", ["", "Ab-_9xyz", "w3.", ".x", "W3.x", "w 3.x", "w" * 33 + ".x"])
def test_a_name_without_a_worker_is_an_unknown_session(name):
    with pytest.raises(UnknownSessionError, match="expected the session of a worker of this fleet"):
        worker_of(name)


@pytest.mark.parametrize("name", ["", "W1", "a.b", "a_b", "-a", "a" * 33])
def test_a_workers_name_that_could_not_be_told_from_the_rest_is_refused(name):
    with pytest.raises(InputError, match="expected a worker's name"):
        check_worker_name(name)


def test_a_workers_name_is_returned():
    assert check_worker_name("node-7-w1") == "node-7-w1"
