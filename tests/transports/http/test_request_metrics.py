"""Requests in the metrics and the log: by route, with an id, health left out."""

from support.serving import metric


def test_a_request_is_counted_by_its_route_and_keeps_its_clients_id(client, parts):
    answer = client.get("/v1/cases/small", headers={"X-Request-Id": "console-7"})
    assert answer.headers["x-request-id"] == "console-7"
    route = {"transport": "http", "method": "GET /v1/cases/{case}"}
    assert metric(parts, "requests_total", code="200", **route) == 1.0
    assert metric(parts, "request_duration_seconds_count", **route) == 1.0


def test_an_id_that_is_none_is_replaced(client):
    assert len(client.get("/v1/cases", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"]) == 16


def test_health_is_not_recorded_and_what_has_no_route_is_unmatched(client, parts, caplog):
    caplog.set_level("INFO", "fluoropose.requests")
    client.get("/livez")
    client.get("/nowhere")
    ours = [record for record in caplog.records if record.name == "fluoropose.requests"]
    assert [record.fields["route"] for record in ours] == ["unmatched"]
    assert metric(parts, "requests_total", transport="http", method="unmatched", code="404") == 1.0
