import httpx
import pytest
from starlette.testclient import TestClient

from fluoropose.fleet.door.app import create_door
from fluoropose.fleet.door.calls import WorkerCalls
from support.fleet import VERSION, FakeView, FakeWorkers, worker


@pytest.fixture
def workers():
    return FakeWorkers()


def door(view, workers):
    return TestClient(create_door(view, WorkerCalls(transport=httpx.MockTransport(workers)), seed=1))


def test_it_is_ready_while_a_worker_is(workers):
    assert door(FakeView(worker("w1")), workers).get("/readyz").status_code == 200
    for view in (FakeView(), FakeView(worker("w1", draining=True)), FakeView(worker("w1", ready=False))):
        assert door(view, workers).get("/readyz").status_code == 503
    assert door(FakeView(), workers).get("/livez").status_code == 200


def test_the_fleet_is_told_with_workers_that_are_silent(workers):
    view = FakeView(worker("w1", sessions=3), worker("w2"))
    view.roster.suspect("w2")
    told = door(view, workers).get("/v1/fleet").json()
    assert [(one["worker"], one["sessions"], one["there"]) for one in told["workers"]] == [
        ("w1", 3, True),
        ("w2", 0, False),
    ]
    assert told["writer"] == "http://writer.test" and told["wanted"] == 2


def test_versions_side_by_side_are_told(workers):
    told = door(FakeView(worker("w1"), worker("w2", version="9.9.9")), workers).get("/version").json()
    assert told == {"version": VERSION, "workers": {"w1": VERSION, "w2": "9.9.9"}}


def test_a_worker_is_drained(workers):
    view = FakeView(worker("w1"))
    client = door(view, workers)
    told = client.post("/v1/fleet/drain", json={"name": "w1"})
    assert told.json() == {"draining": ["w1"], "avoided": []}
    assert view.drained == ["w1"]
    assert client.post("/v1/fleet/drain", json={"name": "w1", "undo": True}).json() == {"used_again": ["w1"]}
    assert view.drained == []


async def _expositions(request):
    if request.url.host == "w2.test":
        raise httpx.ConnectError("gone")
    return httpx.Response(200, text="# HELP fluoropose_x x\n# TYPE fluoropose_x gauge\nfluoropose_x 3.0\n")


def test_all_metrics_are_one_view_and_a_worker_that_has_gone_is_missing():
    view = FakeView(worker("w1"), worker("w2"))
    app = create_door(view, WorkerCalls(transport=httpx.MockTransport(_expositions)), seed=1)
    text = TestClient(app).get("/metrics").text
    assert 'fluoropose_x{worker="w1"} 3.0' in text
    assert "fluoropose_fleet_workers 1.0" in text
