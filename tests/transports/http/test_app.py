"""The application: which routes it has, and that every one of them is documented."""

from fluoropose.transports.http.app import create_app


def test_the_application_has_the_routes_that_are_promised(parts):
    paths = create_app(parts).openapi()["paths"]
    promised = {
        "/v1/cases": ["get", "post"],
        "/v1/cases/{case}": ["delete", "get"],
        "/v1/sessions": ["get", "post"],
        "/v1/sessions/{session}": ["delete", "get", "patch"],
        "/v1/sessions/{session}/frames": ["post"],
        "/v1/register": ["post"],
        "/v1/render": ["post"],
    }
    assert {path: sorted(paths[path]) for path in promised} == promised
    assert {"/livez", "/readyz", "/startupz", "/metrics", "/version"} <= set(paths)
    parts.broker.close()


def test_requests_are_limited_checked_and_recorded_in_this_order(parts):
    """The outermost middleware records what the others refuse."""
    order = [getattr(layer.cls, "func", layer.cls).__name__ for layer in create_app(parts).user_middleware]
    assert order == ["RecordRequests", "RefuseForeignPages", "RequireKey", "RequireMedia", "LimitBody"]
    parts.broker.close()
