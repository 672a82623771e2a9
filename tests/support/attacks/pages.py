"""Attacks by a web page in the user's browser, and by a name that was made to point here."""

import json

import httpx

from support.attacks.runner import Attack
from support.attacks.target import status_of

EVIL = {"Origin": "http://evil.example"}


def _code(answer):
    return f"{answer.status_code} {answer.json().get('code', '')}".strip()


def script_posts_text(target):
    with target.client() as client:
        text = {"Content-Type": "text/plain"}
        body = json.dumps(target.opening)
        seen = [client.post("/v1/sessions", content=body, headers=text | EVIL)]
        seen += [client.post(path, content=body, headers=text) for path in ("/v1/sessions", "/v1/register")]
    return {_code(answer) for answer in seen}


def form_creates_a_case(target):
    files, form = {"volume": ("a.stl", b"solid")}, {"options": '{"name": "taken"}'}
    return _code(httpx.post(f"{target.http}/v1/cases", data=form, files=files, headers=EVIL))


def page_opens_a_stream(target):
    plain = target.connect()
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Origin: http://evil.example")
    path = f"/v1/sessions/{target.open_session()}/stream"
    plain.sendall(target.head("GET", path, *upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
    with plain:
        return f"{status_of(plain.recv(4096))} foreign-origin"


def name_points_here(target):
    answer = httpx.get(f"{target.http}/v1/cases/", headers={"Host": "evil.example"})
    assert "evil.example" not in str(answer.headers) + answer.text
    return _code(answer)


ATTACKS = [
    Attack(
        2, "script posts text", "JSON as text/plain, which any page may send",
        ("403 foreign-origin", "415 unsupported-media"), script_posts_text,
    ),
    Attack(2, "form creates a case", "a form of a foreign page", ("403 foreign-origin",), form_creates_a_case),
    Attack(2, "page opens a stream", "a WebSocket of a foreign page", ("403 foreign-origin",), page_opens_a_stream),
    Attack(2, "name points here", "DNS rebinding, and a redirect that would echo it", ("400 unknown-host",), name_points_here),
]  # fmt: skip
