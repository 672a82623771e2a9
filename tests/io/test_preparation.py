"""From a CT's file to a stored case: the whole volume, or an object selected in it."""

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import ObjectSelectionError, VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.io.cases import list_cases
from fluoropose.io.nifti import write_nifti
from fluoropose.io.preparation import VIEWS, CaseRequest, prepare_ct, volume_suffix

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


def test_without_a_selection_the_whole_volume_is_the_object(tmp_path, ct):
    case = prepare_ct(CaseRequest(ct, CHOICE), tmp_path / "cases" / "whole")
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


def test_values_may_be_attenuation_already(tmp_path):
    values = np.zeros((8, 8, 8), np.float32)
    values[2:6, 2:6, 2:6] = 0.05
    write_nifti(tmp_path / "object.nii", Volume(values, np.eye(4)))
    case = prepare_ct(CaseRequest(tmp_path / "object.nii", CHOICE, attenuation=True), tmp_path / "object")
    np.testing.assert_allclose(case.volume.values.max(), 0.05)


def test_a_label_needs_its_map(tmp_path, ct):
    labels = np.zeros((16, 16, 16), np.float32)
    labels[5:11, 5:11, 5:11] = 7
    write_nifti(tmp_path / "labels.nii.gz", Volume(labels, np.diag([2.0, 2.0, 2.0, 1.0])))
    request = CaseRequest(ct, CHOICE, label_map=tmp_path / "labels.nii.gz", label=7)
    assert prepare_ct(request, tmp_path / "labelled").volume.values.shape == (8, 8, 8)
    with pytest.raises(ObjectSelectionError, match="expected a label map"):
        prepare_ct(CaseRequest(ct, CHOICE, label=7), tmp_path / "unlabelled")
    assert list_cases(tmp_path) == ["labelled"]


def test_the_digest_sees_the_selection(tmp_path, ct):
    whole = prepare_ct(CaseRequest(ct, CHOICE), tmp_path / "a").digest
    bone = prepare_ct(CaseRequest(ct, CHOICE, hu_window=(500.0, 3000.0)), tmp_path / "b").digest
    assert whole != bone
    assert prepare_ct(CaseRequest(ct, CHOICE), tmp_path / "c").digest == whole


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


def test_an_upload_of_another_kind_is_refused():
    with pytest.raises(VolumeError, match="got other bytes"):
        volume_suffix(b"\xff\xd8\xff")
