"""Cameras and places of files, in the forms of the API."""

import json

import numpy as np
import pytest

from fluoropose.cli.inputs import is_placed, read_camera, read_placed_camera, read_placed_cameras, read_places
from fluoropose.errors import InputError
from fluoropose.geometry.conversion.convert import write_geometry
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry
from fluoropose.transports.http.schemas import camera_json
from support.dicom import xray_bytes


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
    np.testing.assert_allclose(read_camera(placed).intrinsic_matrix, camera.intrinsic_matrix)
    assert not is_placed(plain)
    assert is_placed(placed)
    assert "camera_from_world" in read_placed_camera(placed)
    assert len(read_placed_cameras([plain])) == 1
    with pytest.raises(InputError, match="of each of 2 views, got none in .*plain.json"):
        read_placed_cameras([placed, plain])


def test_a_field_that_no_camera_has_is_named(tmp_path, camera):
    (tmp_path / "a.json").write_text(json.dumps(camera_json(camera) | {"focus": 3}))
    for read in (read_camera, read_placed_camera):
        with pytest.raises(InputError, match=r"expected a camera in .*a\.json, got: focus: Extra inputs"):
            read(tmp_path / "a.json")


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


def test_a_camera_is_read_as_other_programs_write_it(tmp_path, camera):
    geometry = ImagingGeometry(camera, np.diag([1.0, -1.0, -1.0, 1.0]) + np.eye(4, k=3) * 5.0, 1100.0)
    (tmp_path / "cam.txt").write_text(write_geometry(geometry, "mayacam2", {}).fields["text"])
    (tmp_path / "arm.json").write_text(json.dumps(write_geometry(geometry, "diffdrr", {}).fields))
    for name in ("cam.txt", "arm.json"):
        assert is_placed(tmp_path / name)
        (placed,) = read_placed_cameras([tmp_path / name])
        np.testing.assert_allclose(placed.camera.intrinsic_matrix, camera.intrinsic_matrix)
        np.testing.assert_allclose(placed.camera_from_world, geometry.camera_from_world, atol=1e-9)


def test_an_xa_image_gives_a_first_guess_and_says_so(tmp_path, capsys):
    fields = {"DistanceSourceToDetector": 1100.0, "ImagerPixelSpacing": [0.3, 0.2], "DistanceSourceToPatient": 700.0}
    fields |= {"PositionerPrimaryAngle": 10.0, "PositionerSecondaryAngle": 5.0}
    (tmp_path / "run.dcm").write_bytes(xray_bytes(np.zeros((2, 12, 16)), **fields))
    assert read_camera(tmp_path / "run.dcm").intrinsic_matrix[0, 0] == pytest.approx(5500.0)
    assert "first guess" in capsys.readouterr().err
    assert not is_placed(tmp_path / "run.dcm")


def test_a_tolerance_comes_with_the_camera(tmp_path, camera):
    value = camera_json(camera) | {"tolerance": {"focal_percent": 1.0}}
    (tmp_path / "c.json").write_text(json.dumps(value))
    assert read_placed_cameras([tmp_path / "c.json"])[0].tolerance.focal_percent == 1.0


def test_a_mask_comes_with_the_camera(tmp_path, camera):
    value = camera_json(camera) | {"mask": {"circle_px": [60.0, 40.0, 30.0]}}
    (tmp_path / "c.json").write_text(json.dumps(value))
    assert read_placed_cameras([tmp_path / "c.json"])[0].mask.circle_px == (60.0, 40.0, 30.0)


@pytest.mark.parametrize(
    ("text", "words"), [("hello", "none of them; name the kind"), ("1,2,3\n", "5 lines of 3 numbers"), ("{", "JSON")]
)
def test_files_without_a_camera(tmp_path, text, words):
    (tmp_path / "cam.txt").write_text(text)
    with pytest.raises(InputError, match=words):
        read_camera(tmp_path / "cam.txt")
