"""Bodies that any page can send are refused; so is what would have to be inflated first."""

import json

import pytest
from starlette.datastructures import Headers

from fluoropose.io.frames import npy_bytes
from fluoropose.transports.http.media_rules import media_fault
from support.wire import require_problem


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/register", "/v1/render"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "text/plain;application/json", None]
)
def test_json_counts_only_as_json(client, opening, path, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    require_problem(client.post(path, content=json.dumps(opening), headers=headers), 415, "unsupported-media")


def test_an_encoded_body_is_refused_in_words(client, opening):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/v1/sessions", content=b"\x1f\x8b\x08", headers=headers)
    require_problem(answer, 415, "unsupported-media", "without Content-Encoding, got gzip")


def test_frames_keep_their_media_types(client, session, frame):
    answer = client.post(
        f"/v1/sessions/{session}/frames", content=npy_bytes(frame), headers={"Content-Type": "application/x-npy"}
    )
    assert answer.status_code == 200
    require_problem(client.post(f"/v1/sessions/{session}/frames", content=b"x"), 415, "unsupported-media")


@pytest.mark.parametrize(
    ("path", "kind", "fine"),
    [
        ("/v1/cases", "multipart/form-data; boundary=x", True), ("/v1/cases", "application/json", False),
        ("/v1/sessions/a", "Application/JSON; charset=utf-8", True), ("/v1/check", "application/octet-stream", True),
        ("/v1/check", "text/plain", False), ("/v1/geometry/convert", "multipart/form-data", False),
    ],
)  # fmt: skip
def test_each_path_takes_its_own(path, kind, fine):
    assert (media_fault(path, Headers({"content-type": kind})) is None) is fine
