"""Real CTs and calibrations, where they are: read, chosen from, prepared, trained a little, run."""

import json

import pytest
from typer.testing import CliRunner

from fluoropose.cli.main import app
from fluoropose.io.cases import load_case
from fluoropose.io.volumes import read_volume

pytestmark = pytest.mark.data


def test_the_left_hip_goes_all_the_way(data, tmp_path):
    torso = data / "torso"
    words = [
        "demo", "--ct", torso / "example_ct.nii.gz", "--label-map", torso / "example_seg_full_v1.nii.gz", "--label", 90,
        "--profile", "tiny", "--frames", 3, "--starts", 2, "--out", tmp_path, "--json", tmp_path / "hip.json",
    ]  # fmt: skip
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    case = load_case(tmp_path / "cases" / "ct")
    assert 200.0 < case.size_mm < 320.0
    assert case.rest is not None
    # The left hip lies on the patient's left of the volume's middle.
    assert case.atlas.view.centre_mm[0] > read_volume(torso / "example_ct.nii.gz").centre_mm[0]
    assert json.loads((tmp_path / "hip.json").read_text())["tracking"]["trials"] == 3
    assert (tmp_path / "ct-overlay.png").exists()


def test_a_label_that_is_not_in_the_torso_is_refused(data, tmp_path):
    torso = data / "torso"
    words = [
        "prepare",
        torso / "example_ct.nii.gz",
        "--label-map",
        torso / "example_seg_full_v1.nii.gz",
        "--label",
        250,
    ]
    result = CliRunner().invoke(app, [str(word) for word in [*words, "--out", tmp_path / "x"]])
    assert result.exit_code == 2
    assert "label 250 must be in the label map" in " ".join(result.output.split())
