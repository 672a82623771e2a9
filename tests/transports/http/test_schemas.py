"""The JSON of cameras: both forms, and the place in the JSON of what is refused."""

import pytest
from pydantic import ValidationError

from fluoropose.transports.http.schemas import CameraModel, Strict, camera_json, document_bounds


def test_a_camera_comes_back_from_its_json(camera):
    again = CameraModel(**camera_json(camera)).value().camera
    assert (again.rows, again.columns) == (camera.rows, camera.columns)
    assert (again.intrinsic_matrix == camera.intrinsic_matrix).all()


def test_a_camera_that_cannot_be_is_refused_at_its_place():
    class Body(Strict):
        camera: CameraModel

    with pytest.raises(ValidationError) as refused:
        Body.model_validate({"camera": {"rows": 0, "columns": 9}})
    (error,) = refused.value.errors()
    assert error["loc"] == ("camera",)
    assert "got 0 x 9" in error["msg"]


def test_bounds_are_documented_and_left_to_the_requests():
    class Body(Strict):
        count: int = document_bounds(minimum=2)

    assert Body.model_json_schema()["properties"]["count"]["minimum"] == 2
    assert Body(count=0).count == 0


def test_a_mask_comes_with_the_camera_and_a_bad_one_is_refused_at_its_place(camera):
    mask = {"circle_px": [60.0, 40.0, 30.0], "hidden_px": [[0, 0, 9, 9]]}
    found = CameraModel(**camera_json(camera), mask=mask).value().mask
    assert found.circle_px == (60.0, 40.0, 30.0)
    assert found.hidden_px == ((0.0, 0.0, 9.0, 9.0),)
    with pytest.raises(ValidationError) as refused:
        CameraModel(**camera_json(camera), mask={"circle_px": [60.0, 40.0, -1.0]})
    assert refused.value.errors()[0]["loc"] == ("mask",)
