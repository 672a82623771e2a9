"""`geometry convert`: files in, files out, and what is lost on stderr."""

import json

import numpy as np
import pytest

from fluoropose.geometry.conversion.convert import read_geometry, write_geometry
from fluoropose.io.geometry_files import geometry_in_file
from support.commands import refused, run
from support.geometries import require_same, some_geometry


@pytest.fixture
def calibration(tmp_path):
    path = tmp_path / "cam1.txt"
    path.write_text(write_geometry(some_geometry(ratio=1.01), "mayacam2", {}).fields["text"])
    return path


def test_a_calibration_becomes_json_and_comes_back(tmp_path, calibration):
    result = run("geometry", "convert", calibration, "--to", "intrinsic", "--out", tmp_path / "cam1.json")
    assert result.exit_code == 0, result.output
    back = run("geometry", "convert", tmp_path / "cam1.json", "--to", "mayacam2", "--out", tmp_path / "again.txt")
    assert back.exit_code == 0, back.output
    require_same(read_geometry(geometry_in_file(tmp_path / "again.txt")), some_geometry(ratio=1.01), lengths=False)


def test_json_goes_to_stdout_and_losses_to_stderr(calibration):
    result = run("geometry", "convert", calibration, "--to", "c_arm", "--source-to-detector-mm", 1200)
    assert result.exit_code == 0, result.output
    require_same(read_geometry(json.loads(result.stdout)), some_geometry(ratio=1.01))
    result = run("geometry", "convert", calibration, "--to", "mayacam1")
    assert "lost: two focal lengths" in result.stderr
    assert json.loads(result.stdout)["kind"] == "mayacam1"


def test_signs_of_others(calibration):
    result = run("geometry", "convert", calibration, "--looks-along", "-z", "--v-axis", "up")
    matrix = np.array(json.loads(result.stdout)["intrinsic_matrix"])
    assert matrix[0, 0] < 0 and matrix[1, 1] < 0


def test_a_file_that_does_not_tell_the_pictures_size(tmp_path):
    (tmp_path / "jt.txt").write_text("JT_INTCALIB\n1198\n0\n0\n0.373\n")
    refused(
        run("geometry", "convert", tmp_path / "jt.txt"),
        "expected rows and columns beside a JointTrack calibration, got none",
    )
    result = run("geometry", "convert", tmp_path / "jt.txt", "--to", "distances", "--rows", 1024, "--columns", 1024)
    assert json.loads(result.stdout)["row_spacing_mm"] == pytest.approx(0.373)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "photo"], "expected a kind of intrinsic"),
        (["--to", "distances"], "expected source_to_detector_mm"),
        (["--out", "a.xyz"], "expected --out as .json, .txt or .csv, got a.xyz"),
        (["--out", "a.txt"], "expected --out as .json for intrinsic"),
        (["--from", "jointtrack"], "JT_INTCALIB"),
        (["--v-axis", "left"], "v_axis of down, up"),
    ],
)
def test_what_cannot_be_converted(calibration, words, message):
    refused(run("geometry", "convert", calibration, *words), message)
