"""Web pages of others stay out, whatever they send; those of this host and of the list come in."""

import pytest
from starlette.datastructures import Headers

from fluoropose.errors import InputError
from fluoropose.transports.http.app import Doors
from fluoropose.transports.http.web_pages import WebRules
from support.serving import http_client
from support.wire import require_problem

CONSOLE = "https://console.example.org"


@pytest.fixture
def listed(parts):
    with http_client(parts, doors=Doors(rules=WebRules(origins=(CONSOLE,)))) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "10.1.2.3:80", "fluoropose:8000", "or3.example.org", "a.lan"]
)
def test_names_that_are_known(host):
    assert WebRules(("or3.example.org", "*.lan")).knows(host)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "a.b:x", "lan."])
def test_names_that_are_not(host):
    assert not WebRules(("or3.example.org",)).knows(host)


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True), ({"origin": "http://127.0.0.1:8000"}, True), ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False), ({"origin": "http://127.0.0.1:9000"}, False), ({"origin": CONSOLE}, True),
        ({"sec-fetch-site": "cross-site"}, False), ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True), ({"origin": "file://"}, False),
    ],
)  # fmt: skip
def test_pages_that_may_call(fields, may):
    headers = Headers({"host": "127.0.0.1:8000", **fields})
    assert WebRules(origins=(CONSOLE,)).may_call(headers) is may


def test_a_port_that_needs_no_naming_is_the_same():
    headers = Headers({"host": "or3.example.org:443", "origin": "https://or3.example.org"})
    assert WebRules().may_call(headers)


@pytest.mark.parametrize("fields", [{"hosts": ("a b",)}, {"origins": ("console.example.org",)}, {"origins": ("*",)}])
def test_rules_that_are_none_are_refused(fields):
    with pytest.raises(InputError, match="expected"):
        WebRules(**fields)


def test_another_host_and_another_page_are_refused(client, parts):
    require_problem(client.get("/livez", headers={"Host": "evil.example"}), 400, "unknown-host")
    before = len(parts.service.sessions)
    for method, path in (
        ("GET", "/v1/cases"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/cases"),
        ("OPTIONS", "/v1/cases"),
    ):
        answer = client.request(method, path, headers={"Origin": "http://evil.example"}, data={"options": "{}"})
        require_problem(answer, 403, "foreign-origin")
        assert "access-control-allow-origin" not in answer.headers
    assert len(parts.service.sessions) == before


def test_a_stream_of_another_page_is_refused_in_its_handshake(client, session):
    with (
        pytest.raises(Exception) as refused,
        client.websocket_connect(f"/v1/sessions/{session}/stream", headers={"Origin": "http://evil.example"}),
    ):
        pass
    assert refused.value.status_code == 403


def test_a_page_of_the_list_may_call_and_read(listed, opening):
    asked = {"Origin": CONSOLE, "Access-Control-Request-Method": "POST"}
    allowed = listed.options("/v1/sessions", headers={**asked, "Access-Control-Request-Headers": "authorization"})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == CONSOLE
    answer = listed.post("/v1/sessions", json=opening, headers={"Origin": CONSOLE})
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == CONSOLE
    assert "location" in answer.headers["access-control-expose-headers"].lower()
    require_problem(listed.get("/v1/cases", headers={"Origin": CONSOLE + ".evil.example"}), 403, "foreign-origin")


def test_a_slash_too_many_is_not_found_and_no_host_is_echoed(client):
    answer = client.get("/v1/cases/small/", headers={"Host": "echo"})
    require_problem(answer, 404, "not-found")
    assert "echo" not in answer.text
