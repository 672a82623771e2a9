"""The front door over workers that a test makes up: the public API of all that is not a frame."""

import httpx
import pytest
from starlette.testclient import TestClient

from fluoropose.fleet.door.app import create_door, named_cases
from fluoropose.fleet.door.calls import WorkerCalls
from fluoropose.serving.api_keys import KeyRing, add_key
from support.fleet import FakeView, FakeWorkers, worker

KNEE = {"case": "knee", "camera": {}}


@pytest.fixture
def workers():
    return FakeWorkers()


def door(view, workers, keys=None):
    app = create_door(view, WorkerCalls(transport=httpx.MockTransport(workers)), keys, seed=1)
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def test_a_session_is_opened_where_its_case_is_and_the_answer_says_where(workers):
    answer = door(FakeView(worker("w1"), worker("w2", cases=frozenset({"knee"}))), workers).post(
        "/v1/sessions", json=KNEE
    )
    assert answer.status_code == 201
    assert answer.json() == {
        "session": "w2.abc", "worker": "w2", "endpoints": {"http": "http://w2.test:8000", "grpc": "w2.test:8001"}
    }  # fmt: skip
    assert answer.headers["location"] == "/v1/sessions/w2.abc"


def test_no_worker_left_is_503_with_retry_after(workers):
    answer = door(FakeView(), workers).post("/v1/sessions", json=KNEE)
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_worker_that_died_a_moment_ago_is_passed_over(workers):
    workers.gone.add("w1.test")
    view = FakeView(worker("w1", cases=frozenset({"knee"})), worker("w2"))
    assert door(view, workers).post("/v1/sessions", json=KNEE).json()["worker"] == "w2"


def test_what_the_worker_has_against_a_session_is_what_the_client_reads(workers):
    workers.answer("w1.test", 404, code="unknown-case")
    answer = door(FakeView(worker("w1")), workers).post("/v1/sessions", json=KNEE)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-case")


def test_storage_that_is_gone_is_said_and_resident_cases_are_placed_on(workers):
    workers.answer("w1.test", 507, code="storage-failed")
    view = FakeView(worker("w1"), worker("w2", cases=frozenset({"knee"}), sessions=1))
    assert door(view, workers).post("/v1/sessions", json=KNEE).status_code == 201
    answer = door(view, workers).post("/v1/sessions", json=KNEE | {"case": "other"})
    assert answer.json()["code"] == "storage-failed"


def test_frames_are_sent_to_their_worker_with_the_same_method(workers):
    answer = door(FakeView(worker("w1")), workers).post(
        "/v1/sessions/w1.abc/frames", content=b"png", headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://w1.test:8000/v1/sessions/w1.abc/frames"
    assert workers.asked == [], "no frame crosses the front door"


def test_a_client_that_follows_no_redirect_reads_where_to_go(workers):
    answer = door(FakeView(worker("w1")), workers).post(
        "/v1/sessions/w1.abc/frames", content=b"png", headers={"Content-Type": "image/png"}
    )
    body = answer.json()
    assert (body["code"], body["status"], body["endpoints"]["http"]) == ("elsewhere", 307, "http://w1.test:8000")
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("method, body", [("GET", None), ("PATCH", {"initial_pose": []}), ("DELETE", None)])
def test_what_is_no_frame_is_passed_on_so_that_no_redirect_need_be_followed(workers, method, body):
    answer = door(FakeView(worker("w1")), workers).request(method, "/v1/sessions/w1.abc", json=body)
    assert answer.json() == {"of": "w1"}
    assert workers.asked[0][:3] == ("w1.test", method, "/v1/sessions/w1.abc")


@pytest.mark.parametrize("status, left", [(204, 2), (404, 3)])
def test_a_session_that_was_closed_counts_at_once(workers, status, left):
    view = FakeView(worker("w1", sessions=3))
    workers.answer("w1.test", status)
    assert door(view, workers).delete("/v1/sessions/w1.abc").status_code == status
    assert view.workers()[0].sessions == left


def test_the_session_of_a_dead_worker_is_unknown_so_that_the_client_opens_another(workers):
    workers.gone.add("w1.test")
    client = door(FakeView(worker("w1")), workers)
    for name in ("w1.abc", "w7.abc", "abc"):
        answer = client.get(f"/v1/sessions/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-session")


def test_a_registration_goes_to_a_worker_that_holds_the_case(workers):
    view = FakeView(worker("w1"), worker("w2", cases=frozenset({"knee"})))
    answer = door(view, workers).post("/v1/register", json=KNEE)
    assert answer.headers["location"] == "http://w2.test:8000/v1/register"
    form = door(view, workers).post("/v1/register", files={"frame": b"png"}, data={"request": "{}"})
    assert form.status_code == 307


def test_cases_are_listed_and_uploaded_by_the_writer(workers):
    client = door(FakeView(worker("w1")), workers)
    workers.answer("writer.test", 200, cases=[])
    assert client.get("/v1/cases").json() == {"cases": []}
    assert client.get("/v1/cases/knee").status_code == 200
    client.post("/v1/cases", files={"volume": b"ct"}, data={"options": "{}"})
    assert workers.asked[-1][:3] == ("writer.test", "POST", "/v1/cases")


@pytest.mark.parametrize("status", [204, 404])
def test_a_case_deleted_while_it_is_placed_is_forgotten_by_every_worker(workers, status):
    workers.answer("writer.test", status)
    view = FakeView(worker("w1", cases=frozenset({"knee"})))
    assert door(view, workers).delete("/v1/cases/knee").status_code == status
    assert view.forgotten == ["knee"]


def test_a_deletion_that_is_refused_leaves_the_case_with_the_workers(workers):
    workers.answer("writer.test", 403)
    view = FakeView(worker("w1"))
    door(view, workers).delete("/v1/cases/knee")
    assert view.forgotten == []


def test_two_front_doors_keep_nothing_that_the_other_needs(workers):
    """A session opened through one is found through the other, which has just started."""
    facts = worker("w1")
    opened = door(FakeView(facts), workers).post("/v1/sessions", json=KNEE).json()
    assert door(FakeView(facts), workers).get(f"/v1/sessions/{opened['session']}").status_code == 200


def test_a_worker_of_another_version_gets_no_session(workers):
    answer = door(FakeView(worker("w1", version="99.0.0")), workers).post("/v1/sessions", json=KNEE)
    assert answer.status_code == 503 and "not of version" in answer.json()["detail"]


def test_keys_are_asked_for_and_go_on_to_the_worker(tmp_path, workers):
    token = add_key(tmp_path / "keys.json", "console", ["infer"])
    client = door(FakeView(worker("w1")), workers, KeyRing(tmp_path / "keys.json"))
    assert client.post("/v1/sessions", json=KNEE).status_code == 401
    held = {"Authorization": f"Bearer {token}"}
    assert client.post("/v1/sessions", json=KNEE, headers=held).status_code == 201
    assert workers.asked[-1][3]["authorization"] == f"Bearer {token}"
    assert client.delete("/v1/cases/knee", headers=held).status_code == 403
    assert client.post("/v1/fleet/drain", json={"name": "w1"}, headers=held).status_code == 403
    assert client.get("/readyz").status_code == 200


def test_named_cases_are_those_of_either_form():
    assert named_cases(b'{"case": "a"}') == {"a"}
    assert named_cases(b'{"cases": [{"case": "a"}, {"case": "b"}, 3]}') == {"a", "b"}
    assert named_cases(b"{}") == frozenset()


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_a_body_that_is_no_object_is_refused(workers, body):
    headers = {"Content-Type": "application/json"}
    answer = door(FakeView(worker("w1")), workers).post("/v1/sessions", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
