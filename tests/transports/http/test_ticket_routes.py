"""A page in a browser opens a stream with a ticket: once, while its key is valid."""

import pytest

from fluoropose.serving.api_keys import KeyRing, add_key, remove_key
from support.serving import http_client


@pytest.fixture
def keyed(parts, tmp_path):
    token = add_key(tmp_path / "keys.json", "console", ["infer"])
    with http_client(parts, KeyRing(tmp_path / "keys.json", look_again_s=0.0)) as client:
        yield client, {"Authorization": f"Bearer {token}"}, tmp_path / "keys.json"


def refused(client, path):
    with pytest.raises(Exception) as error, client.websocket_connect(path):
        pass
    return error.value.status_code


def test_a_ticket_opens_one_stream(keyed, opening):
    client, headers, keys = keyed
    assert client.post("/v1/tickets").status_code == 401
    session = client.post("/v1/sessions", json=opening, headers=headers).json()["session"]
    path = f"/v1/sessions/{session}/stream"
    answer = client.post("/v1/tickets", headers=headers)
    assert answer.status_code == 201
    given = answer.json()
    assert given["expires_in_s"] == 30
    with client.websocket_connect(f"{path}?ticket={given['ticket']}") as stream:
        stream.send_text('{"type": "ping", "time": 1}')
        assert stream.receive_json()["type"] == "pong"
    assert refused(client, f"{path}?ticket={given['ticket']}") == 401
    later = client.post("/v1/tickets", headers=headers).json()["ticket"]
    remove_key(keys, "console")
    assert refused(client, f"{path}?ticket={later}") == 401


def test_a_ticket_opens_nothing_but_streams(keyed):
    client, headers, _ = keyed
    ticket = client.post("/v1/tickets", headers=headers).json()["ticket"]
    assert client.get(f"/v1/cases?ticket={ticket}").status_code == 401
