"""Bundles on disk: what is written comes back, and a file that changed, is missing or is too old is refused."""

import json
import shutil

import numpy as np
import pytest

from fluoropose.errors import BundleError
from fluoropose.io.bundles import find_bundle_folder, list_bundles, load_bundle, read_manifest
from fluoropose.io.files import sha256_of
from fluoropose.registration.regression.bundle import require_fit
from support.cases import tiny_bundle_folder


@pytest.fixture
def copy(tmp_path, models_root):
    shutil.copytree(models_root / "small", tmp_path / "small")
    return tmp_path / "small"


def test_a_bundle_comes_back(models_root, small_case):
    bundle = load_bundle(models_root / "small")
    assert bundle.case_digest == small_case.digest
    assert np.isfinite(bundle.golden.residuals).all()
    assert sorted(path.name for path in (models_root / "small").iterdir()) == [
        "CARD.md", "coarse-beside.onnx", "coarse-channels.onnx", "coarse-warped.onnx", "coarse.onnx", "coarse.weights",
        "fine-beside.onnx", "fine-channels.onnx", "fine-warped.onnx", "fine.onnx", "fine.weights", "golden.npz",
        "manifest.json",
    ]  # fmt: skip
    assert list_bundles(models_root) == ["small"]


def test_a_bundle_without_the_parts_of_its_warped_graphs_is_one_too(copy):
    """As those are that were written before."""
    manifest = json.loads((copy / "manifest.json").read_text())
    for name in ("coarse-beside.onnx", "coarse-channels.onnx", "fine-beside.onnx", "fine-channels.onnx"):
        (copy / name).unlink()
        del manifest["sha256"][name]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert not any(network.in_parts for network in load_bundle(copy).models.values())


@pytest.mark.parametrize(
    "name", ["coarse.onnx", "fine-channels.onnx", "fine-warped.onnx", "coarse.weights", "golden.npz"]
)
def test_one_changed_byte_is_noticed(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=f"checksum mismatch: {name}"):
        load_bundle(copy)


def test_a_missing_or_linked_file_is_refused(copy, models_root):
    (copy / "fine.onnx").unlink()
    with pytest.raises(BundleError, match="expected the file fine.onnx"):
        load_bundle(copy)
    (copy / "fine.onnx").symlink_to(models_root / "small" / "fine.onnx")
    with pytest.raises(BundleError, match="expected the file fine.onnx"):
        load_bundle(copy)


def test_a_bundle_of_an_older_schema_is_refused_with_what_to_do(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema": 3}))
    with pytest.raises(BundleError, match="of schema 3, this version reads 4: train again with `fluoropose train`"):
        load_bundle(copy)


def test_a_folder_without_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="manifest"):
        load_bundle(tmp_path)


def test_a_model_of_another_case_is_refused(models_root):
    with pytest.raises(BundleError, match="made for another case"):
        require_fit(load_bundle(models_root / "small"), "hip", "0123456789abcdef", surrounded=False)


def test_a_bundle_says_whether_it_looks_at_surroundings(surrounded_case, small_case, models_root, tmp_path):
    tiny_bundle_folder(surrounded_case, tmp_path / "inside")
    bundle = load_bundle(tmp_path / "inside")
    assert bundle.surrounded
    assert bundle.golden.cached.shape == (6, 128, 128)
    assert "then its surroundings" in read_manifest(tmp_path / "inside")["inputs"]["view_index"]
    require_fit(bundle, "inside", surrounded_case.digest, surrounded=True)
    with pytest.raises(BundleError, match="looks at surroundings, expected case inside to hold them"):
        require_fit(bundle, "inside", surrounded_case.digest, surrounded=False)
    with pytest.raises(BundleError, match="looks at no surroundings"):
        require_fit(load_bundle(models_root / "small"), "small", small_case.digest, surrounded=True)


@pytest.mark.parametrize(
    "change",
    [{"name": None}, {"name": 7}, {"case_digest": []}, {"sha256": [1]}, {"sha256": None}, {"sha256": {"fine.onnx": 7}}],
    ids=str,
)
def test_a_manifest_of_other_types_is_refused(copy, change):
    manifest = json.loads((copy / "manifest.json").read_text()) | change
    (copy / "manifest.json").write_text(
        json.dumps({key: value for key, value in manifest.items() if value is not None})
    )
    with pytest.raises(BundleError, match="expected a manifest of model small with the texts"):
        load_bundle(copy)


@pytest.mark.parametrize(
    "text", ["[]", "null", "{", '{"schema": 3}', '{"schema": 4, "case_digest": 7}', '{"schema": 4}']
)
def test_a_manifest_that_cannot_be_used_concerns_no_other_case(copy, small_case, text):
    (copy.parent / "other").mkdir()
    (copy.parent / "other" / "manifest.json").write_text(text)
    assert find_bundle_folder(copy.parent, small_case) == copy


@pytest.mark.parametrize("text", ["[]", "null", "{"])
def test_a_case_whose_own_manifest_cannot_be_used_is_not_served_by_others(copy, small_case, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match="manifest"):
        find_bundle_folder(copy.parent, small_case)


def test_golden_vectors_of_another_kind_are_refused(copy):
    np.savez(copy / "golden.npz", frame=np.zeros(3))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["sha256"]["golden.npz"] = sha256_of(copy / "golden.npz")
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="expected golden vectors in model small"):
        load_bundle(copy)
