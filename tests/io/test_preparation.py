"""From a file to a stored case: the whole of a CT, an object selected in it, or a mesh."""

import json

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid, render_view
from fluoropose.drr.mesh_views import MeshRenderer
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError, MeshError, ObjectSelectionError, VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io import preparation
from fluoropose.io.cases import list_cases, load_case, read_findings, read_understanding
from fluoropose.io.nifti import write_nifti
from fluoropose.io.preparation import VIEWS, CaseRequest, prepare_ct, volume_suffix
from support.meshes import ascii_stl, box_mesh, obj_bytes, ply_bytes, stl_bytes

CHOICE = ViewChoice(VIEWS["frontal"], 900.0, AtlasGrid(4.0, 4.0), size_px=32)


@pytest.fixture
def ct(tmp_path):
    """Air with a block of soft tissue, and a block of bone in it."""
    hu = np.full((16, 16, 16), -1000.0, np.float32)
    hu[2:14, 2:14, 2:14] = 50.0
    hu[5:11, 5:11, 5:11] = 1000.0
    path = tmp_path / "ct.nii.gz"
    write_nifti(path, Volume(hu, np.diag([2.0, 2.0, 2.0, 1.0])))
    return path


def test_a_whole_ct_is_no_object_unless_it_is_said_to_be_one(tmp_path, ct):
    with pytest.raises(ObjectSelectionError, match="whole CT .* bone: HU 250 and above, 1.7 cm3 in 1 part"):
        prepare_ct(CaseRequest(ct, CHOICE), tmp_path / "cases" / "whole")
    assert list_cases(tmp_path / "cases") == []
    case = prepare_ct(CaseRequest(ct, CHOICE, in_air=True), tmp_path / "cases" / "whole")
    assert case.rest is None
    assert case.volume.values.shape == (14, 14, 14)
    # Air attenuates nothing; water 0.0193 / mm, soft tissue 5 % more, bone of 1000 HU twice as much.
    values = np.unique(np.round(case.volume.values, 5))
    np.testing.assert_allclose(values, [0.0, 0.02027, 0.0386], atol=1e-5)


def test_a_selected_object_leaves_a_rest(tmp_path, ct):
    case = prepare_ct(CaseRequest(ct, CHOICE, hu_window=(500.0, 3000.0)), tmp_path / "cases" / "bone")
    assert case.volume.values.shape == (8, 8, 8)
    np.testing.assert_allclose(case.volume.values.max(), 0.0386 - 1.05 * 0.0193, atol=1e-5)
    assert case.rest is not None
    np.testing.assert_allclose(case.rest.values.max(), 1.05 * 0.0193, atol=1e-4)
    assert len(case.atlas.pictures) == 2 * CHOICE.grid.count
    assert list_cases(tmp_path / "cases") == ["bone"]
    # 6 x 6 x 6 voxels of 2 mm.
    assert read_understanding(tmp_path / "cases" / "bone") == (
        "21 mm (12 x 12 x 12), 1.7 cm3, voxel 2 mm, in its body; one connected part"
    )


def test_values_may_be_attenuation_already(tmp_path):
    values = np.zeros((8, 8, 8), np.float32)
    values[2:6, 2:6, 2:6] = 0.05
    write_nifti(tmp_path / "object.nii", Volume(values, np.eye(4)))
    case = prepare_ct(CaseRequest(tmp_path / "object.nii", CHOICE, attenuation=True), tmp_path / "object")
    np.testing.assert_allclose(case.volume.values.max(), 0.05)


@pytest.mark.parametrize("window", [None, (0.01, 1.0)])
def test_an_implant_in_values_of_attenuation_counts_whole(tmp_path, window):
    values = np.zeros((20, 20, 20), np.float32)
    values[6:14, 6:14, 6:14] = 0.05
    write_nifti(tmp_path / "object.nii", Volume(values, np.eye(4)))
    request = CaseRequest(tmp_path / "object.nii", CHOICE, hu_window=window, attenuation=True)
    case = prepare_ct(request, tmp_path / "object")
    assert case.rest is None
    np.testing.assert_allclose(case.volume.values.max(), 0.05)
    assert "with nothing around it" in read_understanding(tmp_path / "object")


def test_a_label_needs_its_map(tmp_path, ct):
    labels = np.zeros((16, 16, 16), np.float32)
    labels[5:11, 5:11, 5:11] = 7
    write_nifti(tmp_path / "labels.nii.gz", Volume(labels, np.diag([2.0, 2.0, 2.0, 1.0])))
    request = CaseRequest(ct, CHOICE, label_map=tmp_path / "labels.nii.gz", label=7)
    assert prepare_ct(request, tmp_path / "labelled").volume.values.shape == (8, 8, 8)
    with pytest.raises(ObjectSelectionError, match="expected a label map"):
        prepare_ct(CaseRequest(ct, CHOICE, label=7), tmp_path / "unlabelled")
    with pytest.raises(
        ObjectSelectionError, match="expected a label with the label map, got none; the map has label 7"
    ):
        prepare_ct(CaseRequest(ct, CHOICE, label_map=tmp_path / "labels.nii.gz"), tmp_path / "unlabelled")
    assert list_cases(tmp_path) == ["labelled"]


def test_the_digest_sees_the_selection(tmp_path, ct):
    whole = prepare_ct(CaseRequest(ct, CHOICE, in_air=True), tmp_path / "a").digest
    bone = prepare_ct(CaseRequest(ct, CHOICE, hu_window=(500.0, 3000.0)), tmp_path / "b").digest
    assert whole != bone
    assert prepare_ct(CaseRequest(ct, CHOICE, in_air=True), tmp_path / "c").digest == whole


def test_the_digest_names_what_the_selection_alone_does_not_tell(tmp_path, ct, monkeypatch):
    sources = []
    monkeypatch.setattr(preparation, "store_case", lambda folder, source, *rest, **more: sources.append(source))
    prepare_ct(CaseRequest(ct, CHOICE, hu_window=(500.0, 3000.0)), tmp_path / "in a body")
    values = np.zeros((40, 40, 40), np.float32)
    values[10:30, 10:30, 10:30] = 0.05
    values[2, 2, 2] = 0.05
    write_nifti(tmp_path / "object.nii", Volume(values, np.eye(4)))
    request = CaseRequest(tmp_path / "object.nii", CHOICE, hu_window=(0.01, 1.0), attenuation=True)
    prepare_ct(request, tmp_path / "alone with a speck")
    # A case in its body keeps the digest, and with it the model, that it had before these words were added.
    assert sources[0].endswith("(500.0, 3000.0), None, None, False)")
    assert sources[1].endswith("(0.01, 1.0), None, None, False, 'attenuation', 'alone', 'cleared')")


def test_hu_plus_1024_is_refused_unless_the_offset_is_said(tmp_path, rng):
    hu = np.full((24, 24, 24), -1000.0, np.float32)
    hu[4:20, 4:20, 4:20] = 50.0
    hu[9:15, 9:15, 9:15] = 1000.0
    stored = np.maximum(hu + 1024.0 + rng.normal(0, 5, hu.shape), 0.0).astype(np.float32)
    path = tmp_path / "ct.nii.gz"
    write_nifti(path, Volume(stored, np.diag([2.0, 2.0, 2.0, 1.0])))
    window = {"hu_window": (500.0, 3000.0)}
    with pytest.raises(VolumeError, match=r"expected HU in ct.nii.gz, got values from .* look like HU \+ 1024"):
        prepare_ct(CaseRequest(path, CHOICE, **window), tmp_path / "cases" / "wrong")
    case = prepare_ct(CaseRequest(path, CHOICE, **window, hu_offset=-1024.0), tmp_path / "cases" / "right")
    np.testing.assert_allclose(case.volume.values.max(), 0.0386 - 1.05 * 0.0193, atol=1e-3)
    assert read_findings(tmp_path / "cases" / "right") == ["-1024 was added to every value, as asked for"]
    taken = prepare_ct(CaseRequest(path, CHOICE, **window, hu_offset=0.0), tmp_path / "cases" / "taken")
    assert taken.volume.values.shape > case.volume.values.shape


def test_a_cropped_and_flipped_label_map_selects_the_same(tmp_path, ct):
    labels = np.zeros((16, 16, 16), np.float32)
    labels[5:11, 5:11, 5:11] = 7
    placed = np.diag([2.0, 2.0, 2.0, 1.0])
    write_nifti(tmp_path / "whole.nii.gz", Volume(labels, placed))
    flip = placed @ np.array([[-1.0, 0, 0, 12], [0, 1, 0, 3], [0, 0, 1, 4], [0, 0, 0, 1]])
    write_nifti(tmp_path / "part.nii.gz", Volume(labels[12:2:-1, 3:13, 4:12], flip))
    cases = [
        prepare_ct(CaseRequest(ct, CHOICE, label_map=tmp_path / f"{name}.nii.gz", label=7), tmp_path / "cases" / name)
        for name in ("whole", "part")
    ]
    np.testing.assert_array_equal(cases[0].volume.values, cases[1].volume.values)
    np.testing.assert_allclose(cases[0].volume.lps_from_index, cases[1].volume.lps_from_index)
    assert read_findings(tmp_path / "cases" / "whole") == []
    assert read_findings(tmp_path / "cases" / "part") == [
        "the label map (10 x 10 x 8) was resampled to the grid of the CT (16 x 16 x 16)"
    ]


def test_a_mesh_is_the_object(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh((10, 20, 30), (30, 50, 70)).flipped()))
    request = CaseRequest(tmp_path / "part.stl", CHOICE, material="titanium")
    case = prepare_ct(request, tmp_path / "cases" / "part")
    assert case.rest is None
    np.testing.assert_allclose(case.volume.values.max(), 0.2419, atol=1e-4)
    # The mesh's coordinates are LPS mm; the box of its voxels is at most half a voxel larger on each side.
    voxel_mm = float(case.volume.spacing_mm[0])
    np.testing.assert_allclose(case.corners_mm.min(axis=0), [10, 20, 30], atol=voxel_mm)
    np.testing.assert_allclose(case.corners_mm.max(axis=0), [30, 50, 70], atol=voxel_mm)
    assert case.volume.values.sum(dtype=np.float64) * voxel_mm**3 == pytest.approx(24000 * 0.24187, rel=1e-4)
    record = json.loads((tmp_path / "cases" / "part" / "case.json").read_text())
    assert record["mesh"] == "part.stl"
    assert record["material"] == "titanium"
    assert record["attenuation_per_mm"] == pytest.approx(0.2419, abs=1e-4)
    assert record["facets"] == 12
    assert record["mended"] == ["the surface faced inwards and was turned"]
    # A mesh's volume counts the shares of its voxels, 24 cm3 in all.
    assert record["understanding"]["volume_cm3"] == pytest.approx(24.0, abs=0.01)
    assert record["understanding"]["size_mm"] == pytest.approx(case.size_mm, abs=0.01)


def test_the_digest_of_a_mesh_sees_its_surface_and_its_attenuation(tmp_path):
    data = {"a.stl": box_mesh(), "b.stl": box_mesh(), "c.stl": box_mesh((0, 0, 1))}
    for name, mesh in data.items():
        (tmp_path / name).write_bytes(stl_bytes(mesh))
    digests = [
        prepare_ct(CaseRequest(tmp_path / name, CHOICE, attenuation_per_mm=per_mm), tmp_path / f"case-{n}").digest
        for n, (name, per_mm) in enumerate([("a.stl", 0.2), ("b.stl", 0.2), ("c.stl", 0.2), ("a.stl", 0.3)])
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_mesh_that_cannot_be_used_leaves_no_case(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh(), count=13))
    with pytest.raises(MeshError, match="13 facets"):
        prepare_ct(CaseRequest(tmp_path / "part.stl", CHOICE, material="steel"), tmp_path / "cases" / "part")
    assert list_cases(tmp_path / "cases") == []


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.stl", {}, r"expected the mesh's material \(titanium, .*, bone\) or its attenuation in 1/mm, got neither"),
        ("a.OBJ", {"material": "wood"}, "expected a material of titanium, .* got 'wood'"),
        ("a.ply", {"material": "bone", "attenuation_per_mm": 0.1}, "got both"),
        ("a.ply", {"attenuation_per_mm": -1.0}, "above 0"),
        ("a.stl", {"material": "bone", "label": 1}, "expected no selection"),
        ("a.stl", {"material": "bone", "hu_window": (0.0, 1.0)}, "expected no selection"),
        ("a.stl", {"material": "bone", "box_mm": np.zeros((2, 3))}, "expected no selection"),
        ("a.stl", {"material": "bone", "attenuation": True}, "expected no selection"),
        ("a.stl", {"material": "bone", "in_air": True}, "expected no selection"),
        ("a.nii.gz", {"material": "bone"}, r"only of a mesh \(.stl, .ply, .obj\), got one of a.nii.gz"),
        ("a", {"attenuation_per_mm": 0.2}, "only of a mesh"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused_before_a_file_is_read(tmp_path, name, options, message):
    with pytest.raises(InputError, match=message):
        CaseRequest(tmp_path / name, CHOICE, **options)


def test_views_look_along_the_patients_axes():
    # The beam is +z of the camera: to the back, to the front, and to a side; the head is up (-y of the picture).
    beams = {name: rotation.T @ [0.0, 0.0, 1.0] for name, rotation in VIEWS.items()}
    np.testing.assert_allclose(beams["frontal"], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(beams["back"], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(np.abs(beams["lateral"]), [1, 0, 0], atol=1e-12)
    for rotation in VIEWS.values():
        np.testing.assert_allclose(rotation @ [0.0, 0.0, 1.0], [0, -1, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("first", "suffix"),
    [
        (b"\x1f\x8b\x08", ".nii.gz"),
        (b"PK\x03\x04", ".zip"),
        (b"NRRD0004", ".nrrd"),
        (b"\x5c\x01\x00\x00", ".nii"),
        (b"\x00\x00\x01\x5c", ".nii"),
    ],
)
def test_an_uploads_kind_is_told_by_its_first_bytes(first, suffix):
    assert volume_suffix(first + b"rest") == suffix


def test_an_uploaded_mesh_is_told_by_bytes_name_or_size():
    box = box_mesh()
    assert volume_suffix(ply_bytes(box)[:100]) == ".ply"
    assert volume_suffix(ascii_stl(box)[:100]) == ".stl"
    assert volume_suffix(stl_bytes(box)[:100], "", len(stl_bytes(box))) == ".stl"
    assert volume_suffix(stl_bytes(box)[:100], "part.stl") == ".stl"
    assert volume_suffix(obj_bytes(box)[:100], "part.obj") == ".obj"


def test_an_upload_of_another_kind_is_refused():
    with pytest.raises(VolumeError, match="got other bytes"):
        volume_suffix(b"\xff\xd8\xff")


def test_a_case_of_a_mesh_keeps_it_and_renders_its_views_from_it(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    choice = ViewChoice(np.eye(3), 900.0, AtlasGrid(2.0, 2.0))
    prepare_ct(CaseRequest(tmp_path / "part.stl", choice, material="cobalt-chrome"), tmp_path / "part")
    case = load_case(tmp_path / "part")
    assert case.solid is not None
    assert case.solid.attenuation_per_mm == pytest.approx(0.7787, abs=1e-3)
    assert len(case.solid.mesh.faces) == 12
    middle = render_view(MeshRenderer(case.solid), case.atlas.view, 0.0, 0.0)
    np.testing.assert_allclose(case.atlas.line_integrals(4)[0], middle, rtol=1e-3)
