"""`prepare`: a case of a CT, and one line for every mistake."""

import re

import numpy as np
import pytest

from fluoropose.io.cases import list_cases, load_case
from support.commands import refused, run
from support.dicom import compressed, ends_gdcm, slice_bytes
from support.meshes import box_mesh, stl_bytes


@pytest.mark.parametrize(
    "choice",
    [["--label-map", "labels.nii.gz", "--label", "5"], ["--hu", "200", "20000"]],
    ids=["label", "window"],
)
def test_prepare_makes_a_case_of_a_ct(ct, tmp_path, choice):
    choice = [ct / word if word.endswith(".gz") else word for word in choice]
    result = run(
        "prepare", ct / "ct.nii.gz", *choice, "--out", tmp_path / "mine", "--half-range-deg", 8, "--step-deg", 4
    )
    assert result.exit_code == 0, result.output
    case = load_case(tmp_path / "mine")
    assert case.rest is not None
    assert case.size_mm == pytest.approx(49.0, abs=4.0)
    assert case.atlas.grid.rows == 5
    printed = " ".join(result.output.split())
    assert re.search(r"object: \d+ mm \(\d+ x \d+ x \d+\), [\d.]+ cm3, voxel 2 mm, in its body", printed)
    assert "picture:" in printed
    assert (tmp_path / "mine" / "object.png").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.nii.gz"], "got no file or folder"),
        (["ct.nii.gz", "--label", "5"], "expected a label map"),
        (
            ["ct.nii.gz", "--label-map", "labels.nii.gz", "--label", "9"],
            "label 9 must be in the label map, got labels 0, 5",
        ),
        (["ct.nii.gz"], "expected a label, a window of HU or a box in a whole CT"),
        (["ct.nii.gz", "--label-map", "labels.nii.gz"], "the map has label 5: "),
        (["ct.nii.gz", "--hu", "90000", "99999"], "HU between 90000 and 99999"),
        (["ct.nii.gz", "--box", "1,2,3"], "expected --box"),
        (["ct.nii.gz", "--box", "900,900,900,950,950,950"], "inside the box"),
        (["ct.nii.gz", "--view", "sideways"], "expected a view of frontal, back, lateral"),
        (["ct.nii.gz", "--range-mm", "-4"], "positive range"),
        (["ct.nii.gz", "--step-deg", "0"], "step <= half range"),
    ],
)
def test_prepare_refuses_and_lists_nothing(ct, tmp_path, words, message):
    words = [ct / word if word.endswith(".gz") else word for word in words]
    refused(run("prepare", *words, "--out", tmp_path / "mine"), message)
    assert list_cases(tmp_path) == []


@pytest.fixture
def part(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    return tmp_path / "part.stl"


@pytest.mark.parametrize(
    ("options", "per_mm"), [(["--material", "peek"], 0.0228), (["--attenuation-per-mm", "0.11"], 0.11)]
)
def test_prepare_makes_a_case_of_a_mesh(part, tmp_path, options, per_mm):
    result = run("prepare", part, *options, "--out", tmp_path / "mine", "--half-range-deg", 4, "--step-deg", 4)
    assert result.exit_code == 0, result.output
    case = load_case(tmp_path / "mine")
    assert case.rest is None
    assert case.volume.values.max() == pytest.approx(per_mm, abs=1e-4)
    assert case.size_mm == pytest.approx(53.9, abs=0.5)


def test_prepare_says_what_was_mended(part, tmp_path):
    part.write_bytes(stl_bytes(box_mesh().flipped()))
    result = run(
        "prepare", part, "--material", "bone", "--out", tmp_path / "mine", "--half-range-deg", 4, "--step-deg", 4
    )
    assert "mended in the mesh: the surface faced inwards and was turned" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected the mesh's material (titanium, cobalt-chrome, steel, uhmwpe, peek, bone)"),
        (["--material", "wood"], "got 'wood'"),
        (["--material", "bone", "--attenuation-per-mm", "0.1"], "got both"),
        (["--material", "bone", "--hu", "200", "300"], "expected no selection"),
    ],
)
def test_prepare_refuses_a_mesh_of_nothing_known(part, tmp_path, options, message):
    refused(run("prepare", part, *options, "--out", tmp_path / "mine"), message)
    assert list_cases(tmp_path) == []


def test_prepare_takes_a_shipped_object_by_its_name(tmp_path):
    result = run("prepare", "probe", "--out", tmp_path / "mine", "--half-range-deg", 4, "--step-deg", 4)
    assert result.exit_code == 0, result.output
    case = load_case(tmp_path / "mine")
    assert case.rest is None
    assert case.size_mm == pytest.approx(37.0, abs=2.0)


def test_prepare_does_not_replace(ct, tmp_path):
    (tmp_path / "mine").mkdir()
    refused(run("prepare", ct / "ct.nii.gz", "--hu", 200, 20000, "--out", tmp_path / "mine"), "which exists")


def test_prepare_names_the_file_that_ends_gdcm(tmp_path):
    values = np.zeros((3, 24, 30), np.int16)
    for n in range(3):
        data = slice_bytes(n, values[n], [0.0, 0.0, 1.5 * n], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
        (tmp_path / f"{n}.dcm").write_bytes(ends_gdcm(data) if n == 1 else compressed(data, "JPEG2000Lossless"))
    result = run("prepare", tmp_path, "--hu", "200", "20000", "--out", tmp_path / "mine")
    refused(result, "expected pixels that can be decoded in 1.dcm (JPEG 2000")
    assert list_cases(tmp_path) == []
