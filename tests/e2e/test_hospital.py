"""The steps of docs/how-to/hospital-images.md: a CT with its label map, an XA run that is its own camera."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from fluoropose.geometry.rigid import transform
from fluoropose.io.cases import load_case
from support.commands import run

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

pytestmark = pytest.mark.data


def test_a_frame_of_an_xa_run_is_registered_with_the_ct(data, tmp_path, monkeypatch):
    torso, case = data / "torso", tmp_path / "cases" / "hip"
    prepared = run(
        "prepare", torso / "example_ct.nii.gz", "--label-map", torso / "example_seg_full_v1.nii.gz", "--label", 90,
        "--half-range-deg", 8, "--out", case,
    )  # fmt: skip
    assert prepared.exit_code == 0, prepared.output
    image, start = tmp_path / "xa.dcm", tmp_path / "start.json"
    monkeypatch.setattr(sys, "argv", ["hospital_xa.py", str(case), str(image), str(start)])
    runpy.run_path(str(EXAMPLES / "hospital_xa.py"), run_name="__main__")
    for words in (("check", image), ("geometry", "convert", image, "--to", "c_arm")):
        assert run(*words).exit_code == 0
    result = run(
        "register", case, image, "--frame-number", 1, "--camera", image, "--initial-pose", start, "--out",
        tmp_path / "overlay.png", "--out", tmp_path / "pose.tfm", "--out", tmp_path / "pose.dcm", "--json",
        tmp_path / "r.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.output.count("a first guess and calibrate") == 1
    found = np.array(json.loads((tmp_path / "r.json").read_text())["camera_from_volume"])
    true = np.array(json.loads((tmp_path / "start.truth.json").read_text()))
    corners = load_case(case).corners_mm
    away = (transform(found, corners) - transform(true, corners)).mean(axis=0)
    assert np.abs(away[:2]).max() < 0.5
    assert abs(away[2]) < 3.0
    assert pydicom.dcmread(tmp_path / "pose.dcm").Modality == "REG"
    assert (tmp_path / "overlay.png").stat().st_size > 10_000
