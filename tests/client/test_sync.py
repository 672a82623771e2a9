"""The client without async, against a fake service on loopback."""

import threading

import numpy as np
import pytest

from fluoropose.client.links import ProblemError
from fluoropose.client.sync import Client
from fluoropose.errors import InputError
from support.fake_service import FakeService

PIXELS = np.zeros((2, 3), np.uint16)


@pytest.fixture
def service():
    return FakeService()


@pytest.fixture
def client(service):
    with service.listen() as address, Client(address) as client:
        yield client


def test_cases_and_renderings_are_the_services(client):
    assert client.cases() == [{"name": "knee"}]
    np.testing.assert_array_equal(client.render("knee", {"rows": 2}, np.eye(4)), np.ones((2, 3)))


def test_a_session_is_opened_used_changed_and_closed(client, service):
    tracker = client.track("knee", {"rows": 2})
    assert tracker.session == "s1"
    assert tracker.send(PIXELS)["seq"] == 0
    assert {name: one["seq"] for name, one in tracker.send_views({"a": PIXELS, "b": PIXELS}).items()} == {
        "a": 1,
        "b": 2,
    }
    tracker.restart(np.eye(4))
    tracker.close()
    assert [method for method, _ in service.requests] == ["POST", "POST", "POST", "POST", "PATCH", "DELETE"]


def test_a_lost_session_is_opened_again(client, service):
    tracker = client.track("knee", {"rows": 2})
    service.gone.add("s1")
    assert tracker.send(PIXELS)["seq"] == 1
    assert (tracker.session, tracker.reconnects) == ("s2", 1)


def test_problems_are_raised_in_the_callers_thread(client):
    with pytest.raises(ProblemError, match="as told"):
        client.track("none", {"rows": 2})


def test_a_client_that_cannot_be_made_leaves_no_thread():
    before = threading.active_count()
    with pytest.raises(InputError, match="got 'pigeon'"):
        Client("http://service", "pigeon")
    assert threading.active_count() == before


def test_a_client_may_be_closed_twice(service):
    with service.listen() as address:
        client = Client(address)
        client.close()
        client.close()
