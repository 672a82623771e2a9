"""Every route but health needs a key that allows it; a WebSocket is refused in its handshake."""

import pytest
from starlette.websockets import WebSocketDisconnect

from fluoropose.serving.api_keys import KeyRing, add_key
from fluoropose.transports.http.access import HEALTH_PATHS, needed_scope
from support.serving import http_client, metric


@pytest.fixture
def tokens(tmp_path):
    return {name: add_key(tmp_path / "keys.json", name, [name]) for name in ("infer", "manage", "metrics")}


@pytest.fixture
def locked(parts, tmp_path, tokens):
    with http_client(parts, KeyRing(tmp_path / "keys.json", look_again_s=0.0)) as client:
        yield client


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def routes(client):
    """Every route of the application as (method, path), from the document and beyond it."""
    for path, operations in client.app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path.replace("{case}", "small").replace("{session}", "none")
    yield "GET", "/openapi.json"
    yield "GET", "/nowhere"
    yield "DELETE", "/metrics"


def test_without_a_key_nothing_but_health_answers(locked, parts):
    seen = 0
    for method, path in routes(locked):
        answer = locked.request(method, path)
        if path in HEALTH_PATHS:
            assert answer.status_code in (200, 503)
            continue
        seen += 1
        assert answer.status_code == 401, (method, path)
        assert answer.json()["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert seen > 12
    assert metric(parts, "auth_failures_total", reason="missing") == seen


def test_each_scope_opens_its_own(locked, tokens, opening):
    assert locked.get("/metrics", headers=bearer(tokens["metrics"])).status_code == 200
    assert locked.get("/metrics", headers=bearer(tokens["infer"])).json()["code"] == "forbidden"
    assert locked.post("/v1/sessions", json=opening, headers=bearer(tokens["infer"])).status_code == 201
    assert locked.post("/v1/sessions", json=opening, headers={"X-API-Key": tokens["infer"]}).status_code == 201
    assert locked.post("/v1/sessions", json=opening, headers=bearer(tokens["manage"])).status_code == 403
    assert locked.delete("/v1/cases/nobody", headers=bearer(tokens["infer"])).status_code == 403
    assert locked.delete("/v1/cases/nobody", headers=bearer(tokens["manage"])).status_code == 404
    assert locked.get("/v1/cases", headers=bearer(tokens["infer"])).status_code == 200


def test_a_stream_needs_a_key_too(locked, tokens, opening):
    session = locked.post("/v1/sessions", json=opening, headers=bearer(tokens["infer"])).json()["session"]
    path = f"/v1/sessions/{session}/stream"
    for headers in ({}, bearer(tokens["metrics"]), bearer("fp_infer_wrong")):
        with pytest.raises(Exception) as refused, locked.websocket_connect(path, headers=headers):
            pass
        assert isinstance(refused.value, WebSocketDisconnect) or "denied" in type(refused.value).__name__.lower()
    with locked.websocket_connect(path, headers=bearer(tokens["infer"])):
        pass


def test_a_session_belongs_to_its_key(locked, tokens, opening, tmp_path):
    other = add_key(tmp_path / "keys.json", "other", ["infer"])
    session = locked.post("/v1/sessions", json=opening, headers=bearer(tokens["infer"])).json()["session"]
    for method in ("GET", "DELETE"):
        assert locked.request(method, f"/v1/sessions/{session}", headers=bearer(other)).status_code == 404
    assert locked.get(f"/v1/sessions/{session}", headers=bearer(tokens["infer"])).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/livez", None), ("GET", "/metrics", "metrics"), ("POST", "/v1/cases", "manage"),
        ("DELETE", "/v1/cases/a", "manage"), ("GET", "/v1/cases", "infer"), ("GET", "/anything/new", "infer"),
        ("GET", "/livez/../v1/cases", "infer"), ("GET", "//livez", "infer"),
        ("GET", "/", None), ("POST", "/", "infer"), ("GET", "/console/console.js", None), ("GET", "/console", "infer"),
        ("GET", "/console/../v1/cases", "infer"), ("POST", "/console/console.js", "infer"),
    ],
)  # fmt: skip
def test_what_is_not_known_needs_a_key(method, path, scope):
    assert needed_scope(method, path) == scope
