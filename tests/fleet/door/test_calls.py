import asyncio

import httpx
import pytest

from fluoropose.errors import NotReadyError
from fluoropose.fleet.door.calls import WorkerCalls
from fluoropose.fleet.door.placing import WorkerGoneError, WorkerRefusedError
from support.fleet import FakeWorkers


@pytest.fixture
def workers():
    return FakeWorkers()


@pytest.fixture
def calls(workers):
    return WorkerCalls(transport=httpx.MockTransport(workers))


def test_the_key_of_the_request_goes_with_it_and_nothing_else_of_the_client(calls, workers):
    headers = {"authorization": "Bearer fp_x_1", "cookie": "secret", "host": "door"}
    status, kept, _ = asyncio.run(calls.ask("http://w1.test", "GET", "/v1/sessions/w1.a", headers))
    (host, method, path, sent) = workers.asked[0]
    assert (host, method, path, status) == ("w1.test", "GET", "/v1/sessions/w1.a", 200)
    assert sent["authorization"] == "Bearer fp_x_1" and "cookie" not in sent
    assert kept == {"content-type": "application/json"}


def test_a_worker_that_is_full_refuses_and_one_that_has_gone_is_gone(calls, workers):
    workers.answer("w1.test", 503, code="overloaded")
    workers.gone.add("w2.test")
    with pytest.raises(WorkerRefusedError, match="overloaded"):
        asyncio.run(calls.open("http://w1.test", {}, b"{}"))
    with pytest.raises(WorkerGoneError, match="refused"):
        asyncio.run(calls.open("http://w2.test", {}, b"{}"))


def test_the_writer_that_is_away_is_to_be_asked_again(calls, workers):
    workers.gone.add("writer.test")
    with pytest.raises(NotReadyError, match="writer of cases"):
        asyncio.run(calls.ask_writer("http://writer.test", "GET", "/v1/cases", {}))
