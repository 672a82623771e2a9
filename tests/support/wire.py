"""What tests send over HTTP and WebSocket, and what a refusal must look like."""

import json

__all__ = ["packed", "require_problem", "send"]


def send(client, session, body, kind="application/x-npy", **meta):
    """Post a frame with its header X-Frame-Meta."""
    headers = {"Content-Type": kind}
    if meta:
        headers["X-Frame-Meta"] = json.dumps(meta)
    return client.post(f"/v1/sessions/{session}/frames", content=body, headers=headers)


def packed(body, **meta):
    """Return a frame as a stream's binary message."""
    header = json.dumps(meta).encode()
    return len(header).to_bytes(4, "little") + header + body


def require_problem(answer, status, code, words=""):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert words in body["detail"]
    assert "Traceback" not in answer.text
