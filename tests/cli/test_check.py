"""`check`: text, JSON and a picture; exit code 2 if a file cannot be used."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fluoropose.cli.main import app
from support.dicom import ends_gdcm, enhanced_bytes, xray_bytes
from support.meshes import box_mesh, stl_bytes


@pytest.fixture
def mesh(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    return tmp_path / "part.stl"


def test_text_and_a_picture(tmp_path, mesh):
    done = CliRunner().invoke(app, ["check", str(mesh), "--picture", str(tmp_path / "part.png")])
    assert done.exit_code == 0, done.output
    assert "  facets: 12\n" in done.output
    assert done.output.endswith("  nothing looks wrong\n")
    assert np.asarray(Image.open(tmp_path / "part.png")).shape == (320, 960, 3)


def test_json_and_exit_code(tmp_path, mesh):
    (tmp_path / "bad.nii").write_bytes(b"noise")
    done = CliRunner().invoke(app, ["check", str(mesh), str(tmp_path / "bad.nii"), "--json", "-"])
    assert done.exit_code == 2
    first, second = json.loads(done.stdout)
    assert (first["understood"]["what"], first["findings"]) == ("mesh", [])
    assert (second["findings"][0]["code"], second["findings"][0]["severity"]) == ("invalid-volume", "error")
    done = CliRunner().invoke(app, ["check", str(mesh), "--json", str(tmp_path / "out.json")])
    assert json.loads((tmp_path / "out.json").read_text())[0]["understood"]["facets"] == 12
    assert done.exit_code == 0


def test_a_file_that_ends_gdcm_is_an_error_and_the_next_is_checked(tmp_path, mesh):
    (tmp_path / "ct.dcm").write_bytes(ends_gdcm(enhanced_bytes(np.zeros((24, 30, 3)), order=range(3))))
    (tmp_path / "frame.dcm").write_bytes(ends_gdcm(xray_bytes(np.zeros((1, 24, 30)))))
    done = CliRunner().invoke(app, ["check", str(tmp_path / "ct.dcm"), str(tmp_path / "frame.dcm"), str(mesh)])
    assert done.exit_code == 2
    assert done.output.count("that ends its decoder") == 2
    assert done.output.endswith("  nothing looks wrong\n")
