"""The OpenAPI document against the application, by schemathesis: whatever is sent, the answer is a documented one."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from fluoropose.serving.housekeeping import Intervals
from fluoropose.serving.wiring import wire_serving
from fluoropose.transports.http.app import create_app
from support.serving import started_service

BESIDE_THE_SCHEMA = [positive_data_acceptance]
"""That a pose is rigid or a camera can be meant is no matter of a schema."""

OPERATIONS = [
    "GET /livez", "GET /version", "GET /v1/cases", "POST /v1/cases", "DELETE /v1/cases/{case}",
    "GET /v1/cases/{case}", "POST /v1/render", "POST /v1/sessions", "GET /v1/sessions/{session}",
    "PATCH /v1/sessions/{session}", "DELETE /v1/sessions/{session}", "POST /v1/sessions/{session}/frames",
    "POST /v1/register", "POST /v1/overlay", "POST /v1/geometry/convert",
    "POST /v1/tickets", "GET /v1/sessions",
]  # fmt: skip


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """Of an application without cases: what is uploaded here must not cost time."""
    folder = tmp_path_factory.mktemp("schema")
    # No loop turns between requests: the process would be told to be stuck where the first one comes late.
    parts = wire_serving(started_service(folder, folder), Intervals(stuck_s=600.0))
    yield schemathesis.openapi.from_asgi("/openapi.json", create_app(parts))
    parts.broker.close()


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_is_answered_otherwise_than_documented(schema, name):
    method, path = name.split()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=schema[path][method].as_strategy())
    def answered(case):
        case.call_and_validate(excluded_checks=BESIDE_THE_SCHEMA)

    answered()


def test_no_operation_is_left_out(schema):
    known = {f"{item.ok().method.upper()} {item.ok().path}" for item in schema.get_all_operations()}
    # A check starts a process for each file: tests/transports/http/test_check_routes.py sends what can go wrong.
    assert known - set(OPERATIONS) == {"GET /startupz", "GET /readyz", "GET /metrics", "POST /v1/check"}
