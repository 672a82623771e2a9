"""The JSON of requests: sizes and types are refused, bounds are documented for the OpenAPI document."""

import pytest
from pydantic import ValidationError

from fluoropose.transports.http.request_schemas import CArmModel, FrameMeta, SessionChange, SessionRequest


@pytest.mark.parametrize(
    ("model", "body", "place"),
    [
        (SessionRequest, {"case": "x" * 65}, "case"),
        (SessionRequest, {"cases": []}, "cases"),
        (SessionRequest, {"pixel_meaning": "colour"}, "pixel_meaning"),
        (SessionChange, {"remove": ["a"] * 9}, "remove"),
        (FrameMeta, {"rows": "many"}, "rows"),
        (FrameMeta, {"camera_from_world": [[1.0]]}, "camera_from_world"),
    ],
)
def test_types_and_sizes_are_refused(model, body, place):
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    assert place in {error["loc"][0] for error in refused.value.errors()}


def test_the_document_holds_the_bounds_of_the_requests():
    side = FrameMeta.model_json_schema()["properties"]["rows"]["anyOf"][0]
    assert side["minimum"] == 2
    assert "exclusiveMinimum" in SessionRequest.model_json_schema()["properties"]["max_frame_age_ms"]["anyOf"][0]


def test_a_c_arm_without_a_distance_is_refused_at_its_place():
    with pytest.raises(ValidationError, match="source_to_isocenter_mm must be a positive length"):
        CArmModel(primary_deg=0.0, secondary_deg=0.0, source_to_isocenter_mm=0.0)
