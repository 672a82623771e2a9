"""Bodies: their media types and the limits on their length."""

from fluoropose.transports.http.bodies import BodyLimits
from support.serving import http_client
from support.wire import require_problem, send


def test_a_body_too_large_is_cut_off(parts, opening):
    with http_client(parts, limits=BodyLimits(body_bytes=1000)) as client:
        session = client.post("/v1/sessions", json=opening).json()["session"]
        require_problem(send(client, session, b"\0" * 2000), 413, "payload-too-large", "at most 1000 bytes")
