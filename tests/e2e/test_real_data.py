"""Real CTs and calibrations, where they are: read, chosen from, prepared, trained a little, run."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fluoropose.cli.main import app
from fluoropose.errors import ObjectSelectionError
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.imaging.selected_object import select_object
from fluoropose.imaging.selection import Selection
from fluoropose.imaging.volume import Volume
from fluoropose.io.cases import load_case, read_understanding
from fluoropose.io.meshes import read_mesh
from fluoropose.io.volumes import read_volume

pytestmark = pytest.mark.data

ROOT = Path(__file__).resolve().parents[2]


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
    assert (tmp_path / "ct-overlay.webp").exists()
    assert read_understanding(tmp_path / "cases" / "ct") == (
        "274 mm (141 x 147 x 183), 376 cm3, voxel 3 mm, in its body; one connected part"
    )


def test_bones_in_their_bodies_are_found(data, tmp_path):
    """By the universal networks, from the paper's starts; a frame shows a thick body beside an open beam."""
    words = ["--only", "left hip,third lumbar vertebra", "--starts", 6, "--frames", 2, "--out", tmp_path]
    words += ["--data", data, "--json", tmp_path / "found.json"]
    result = CliRunner().invoke(app, ["evaluate", "universal", *(str(word) for word in words)])
    assert result.exit_code == 0, result.output
    for facts in json.loads((tmp_path / "found.json").read_text())["objects"]:
        assert facts["success_rate"] >= 5 / 6, facts


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


@pytest.mark.parametrize("name", ["torso/example_ct.nii.gz", "head_lowres/headsq_quarter_raw.nii.gz"])
def test_a_whole_ct_needs_a_selection(data, name):
    volume = read_volume(data / name)
    if "head" in name:
        volume = Volume(volume.values - 1024.0, volume.lps_from_index)
    with pytest.raises(ObjectSelectionError, match="it holds bone: HU 250 and above, [0-9]+ cm3"):
        select_object(volume, Selection())


@pytest.mark.parametrize("label", [89, 90, 92, 20], ids=["right femur", "left hip", "sacrum", "vertebra"])
@pytest.mark.parametrize("outside", [0.0, -1024.0], ids=["zeros", "air"])
def test_a_bone_that_was_cut_out_of_the_torso_is_one_object(data, label, outside):
    ct, labels = (read_volume(data / "torso" / f"example_{name}.nii.gz") for name in ("ct", "seg_full_v1"))
    cut = Volume(np.where(labels.values == label, ct.values, outside), ct.lps_from_index)
    assert select_object(cut, Selection()).rest is None
    assert select_object(cut, Selection(hu_window=(250.0, 4000.0))).rest is None
    in_body = select_object(ct, Selection(label, labels))
    assert in_body.understanding.in_body
    assert in_body.rest is not None


def test_a_window_on_a_voxelised_implant_is_as_good_as_the_whole(data):
    mesh, _ = read_mesh(data / "knee_implant_biplane" / "femoral.stl")
    voxels = voxelise_mesh(mesh, 0.22, 0.5)
    chosen = select_object(voxels, Selection(hu_window=(0.1, 1.0)), attenuation=True)
    whole = select_object(voxels, Selection(), attenuation=True)
    assert chosen.rest is None
    assert chosen.understanding.size_mm == pytest.approx(whole.understanding.size_mm, abs=1.5)
    # All but what the voxels on its surface hold below the window.
    assert chosen.volume.values.sum() > 0.95 * whole.volume.values.sum()


@pytest.mark.parametrize("word", ["label map", "head CT", "a wrist"])
def test_what_the_doctor_says_is_what_the_page_shows(data, word):
    """The sets that are read quickly; docs/examples/check_outputs.py writes all of the page."""
    page = (ROOT / "docs" / "measured" / "checked-data.md").read_text()
    example = runpy.run_path(str(ROOT / "docs" / "examples" / "check_outputs.py"))
    (title,) = [title for title in example["SETS"] if word in title]
    assert example["output"](data, title) in page
