"""Errors as problems: every code has its status, and nothing of the inside is told."""

import pytest

from fluoropose.errors import FluoroposeError
from fluoropose.io.frames import npy_bytes
from fluoropose.transports.http.errors import problem_body, validation_text
from support.wire import require_problem, send


def test_unknown_things_are_not_found(client, frame):
    require_problem(send(client, "nobody", npy_bytes(frame)), 404, "unknown-session")
    require_problem(client.get("/v1/cases/nobody"), 404, "unknown-case")
    require_problem(client.get("/v1/nothing"), 404, "not-found")
    require_problem(client.put("/v1/cases"), 405, "method-not-allowed")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null"])
def test_bodies_that_are_no_requests(client, body):
    headers = {"Content-Type": "application/json"}
    for path in ("/v1/sessions", "/v1/register", "/v1/render"):
        require_problem(client.post(path, content=body, headers=headers), 422, "invalid-request")


def test_a_fault_of_ours_tells_nothing_inside(client, session, frame, service, monkeypatch):
    monkeypatch.setattr(service, "sessions", None)
    require_problem(send(client, session, npy_bytes(frame)), 500, "internal")


def every_error(kind=FluoroposeError):
    yield kind
    for one in kind.__subclasses__():
        yield from every_error(one)


def test_every_error_that_a_client_may_be_told_has_a_status_of_its_own():
    internal = problem_body(None, "internal")["title"]
    for kind in every_error():
        if kind.__module__.startswith("fluoropose.client") or kind.code in ("internal", "link-lost"):
            continue
        body = problem_body(None, kind.code)
        assert body["title"] != internal, kind
        assert body["type"] == f"urn:fluoropose:problem:{kind.code}"


def test_complaints_of_pydantic_name_their_place_without_body():
    errors = [{"loc": ("body", "cases", 0, "case"), "msg": "too long"}, {"loc": ("body",), "msg": "no JSON"}]
    assert validation_text(errors * 2) == ("cases.0.case: too long; body: no JSON; cases.0.case: too long; and 1 more")
