"""Distortions in files: a map, coefficients, and what is said of anything else."""

import json

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.io.distortion_files import read_distortion

CAMERA = camera_from_detector(6, 8, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=100.0)
OWN = np.stack(np.meshgrid(np.arange(8), np.arange(6)), axis=-1).astype(np.float64)


def test_a_map_is_read(tmp_path):
    np.save(tmp_path / "map.npy", OWN + 0.25)
    np.testing.assert_allclose(read_distortion(tmp_path / "map.npy", CAMERA).places, OWN + 0.25)


def test_coefficients_are_read(tmp_path):
    (tmp_path / "d.json").write_text(json.dumps({"coefficients": [0, 0, 0, 0, 0]}))
    np.testing.assert_allclose(read_distortion(tmp_path / "d.json", CAMERA).places, OWN, atol=1e-5)


@pytest.mark.parametrize(
    "content", ["[1, 2]", "{}", '{"coefficients": "k1"}', '{"coefficients": [1]}', "{", '{"k1": 1}']
)
def test_other_json_is_refused(tmp_path, content):
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(InputError, match=r"d\.json"):
        read_distortion(tmp_path / "d.json", CAMERA)


@pytest.mark.parametrize("array", [np.zeros((4, 8, 2)), np.zeros((6, 8)), np.array(["a"])])
def test_other_arrays_are_refused(tmp_path, array):
    np.save(tmp_path / "map.npy", array)
    with pytest.raises(InputError, match=r"map\.npy"):
        read_distortion(tmp_path / "map.npy", CAMERA)


def test_a_missing_or_damaged_file_is_named(tmp_path):
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY")
    for name in ("none.npy", "none.json", "cut.npy"):
        with pytest.raises(InputError, match=name):
            read_distortion(tmp_path / name, CAMERA)
