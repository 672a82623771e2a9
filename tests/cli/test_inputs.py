"""Cameras and places of files, in the forms of the API."""

import json

import numpy as np
import pytest

from fluoropose.cli.inputs import is_placed, read_camera, read_placed_camera, read_placed_cameras, read_places
from fluoropose.errors import InputError
from fluoropose.transports.http.schemas import camera_json


@pytest.fixture
def plain(tmp_path, camera):
    (tmp_path / "plain.json").write_text(json.dumps(camera_json(camera)))
    return tmp_path / "plain.json"


@pytest.fixture
def placed(tmp_path, camera):
    (tmp_path / "placed.json").write_text(json.dumps(camera_json(camera) | {"camera_from_world": np.eye(4).tolist()}))
    return tmp_path / "placed.json"


def test_a_camera_is_read_with_and_without_its_place(plain, placed, camera):
    np.testing.assert_allclose(read_camera(plain).intrinsic_matrix, camera.intrinsic_matrix)
    assert not is_placed(plain)
    assert is_placed(placed)
    assert "camera_from_world" in read_placed_camera(placed)
    assert len(read_placed_cameras([plain])) == 1
    with pytest.raises(InputError, match="of each of 2 views, got none in .*plain.json"):
        read_placed_cameras([placed, plain])


def test_places_are_one_per_frame(tmp_path):
    path = tmp_path / "places.json"
    arm = {"primary_deg": 0.0, "secondary_deg": 0.0, "source_to_isocenter_mm": 890.0}
    path.write_text(json.dumps([np.eye(4).tolist(), arm]))
    assert [set(place) for place in read_places(path, 2)] == [{"camera_from_world"}, {"c_arm"}]
    with pytest.raises(InputError, match="a list of 3 places"):
        read_places(path, 3)
    path.write_text("[[1]]")
    with pytest.raises(InputError, match="expected places in"):
        read_places(path, 1)
