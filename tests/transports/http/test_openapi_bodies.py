"""Bodies of more than one form in the OpenAPI document."""

import pytest

from fluoropose.transports.http.openapi_bodies import json_or_form
from fluoropose.transports.http.overlay_routes import OverlayModel


@pytest.mark.parametrize("most", [1, 4])
def test_a_body_is_json_or_a_form(most):
    content = json_or_form(OverlayModel, most)["requestBody"]["content"]
    assert "case" in content["application/json"]["schema"]["required"]
    assert "$defs" not in content["application/json"]["schema"]
    form = content["multipart/form-data"]["schema"]
    assert form["required"] == ["request", "frame"]
    frame = form["properties"]["frame"]
    assert frame["format"] == "binary" if most == 1 else frame["oneOf"][1]["maxItems"] == most
