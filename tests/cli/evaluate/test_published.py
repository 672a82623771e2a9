"""`evaluate published`: train a little, measure, print Table II; one line for every mistake."""

import json
import shutil

import numpy as np
import pytest

from fluoropose.errors import BundleError
from fluoropose.evaluation.published import points
from fluoropose.evaluation.published.bundle_files import load_published_bundle
from fluoropose.evaluation.published.measurement import published_method
from fluoropose.io.cases import load_case
from support import commands
from support.commands import refused


def run(*words):
    return commands.run("evaluate", "published", *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cases_root):
    """A model as published of the small case: two iterations, as many points as there are."""
    with pytest.MonkeyPatch.context() as patch:
        brief = points.FilterPlan(candidates=60, poses=2, errors=2)
        patch.setattr(points, "FilterPlan", lambda: brief)
        out = tmp_path_factory.mktemp("published") / "small"
        result = run("train", cases_root / "small", "--out", out, "--iterations", 2, "--pool", 4, "--cores", 1)
    assert result.exit_code == 0, result.output
    return out


def test_training_writes_a_bundle_that_comes_back(folder, small_case):
    bundle = load_published_bundle(folder)
    assert bundle.case_digest == small_case.digest
    assert set(bundle.zones[0].models) == {"in_plane", "out_of_plane", "depth"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["training"]["iterations"] == 2
    assert manifest["zones"][0]["points"] == len(bundle.zones[0].points_mm)


def test_one_changed_byte_is_noticed(folder, tmp_path):
    copy = tmp_path / "small"
    shutil.copytree(folder, copy)
    name = "zone+0+0-depth.onnx"
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    with pytest.raises(BundleError, match="checksum mismatch"):
        load_published_bundle(copy)
    (copy / name).unlink()
    with pytest.raises(BundleError, match="expected the file zone"):
        load_published_bundle(copy)


def test_measuring_reports_every_sweep_and_comparison(folder, cases_root, tmp_path):
    result = run(
        "measure", cases_root / "small", "--model", folder, "--comparison", "exact,atlas", "--seeds", "10",
        "--starts", 2, "--frames", 1, "--sweeps", "1,2", "--json", tmp_path / "m.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "m.json").read_text())["figures"]
    assert set(figures) == {"small, exact", "small, atlas"}
    assert all(set(by_sweep) == {"1", "2"} for by_sweep in figures.values())
    assert figures["small, exact"]["2"]["trials"] == 2


def test_table_2_prints_the_papers_figures_beside(folder, cases_root, tmp_path):
    result = run("table2", cases_root / "small", "--model", folder, "--count", 2, "--json", tmp_path / "t.json")
    assert result.exit_code == 0, result.output
    assert "0.32" in result.output
    rmse = json.loads((tmp_path / "t.json").read_text())["rmse"]
    assert set(rmse) == {"start", "small, exact"}
    assert np.isfinite(rmse["small, exact"]).all()


def test_the_method_answers_for_a_frame(folder, small_case, camera, pose, frame):
    answer = published_method(small_case, load_published_bundle(folder), "atlas", 1)(frame, camera, pose)
    assert answer.status == "TRACKING"
    assert answer.timing_ms["total"] > 0.0
    np.testing.assert_allclose(answer.camera_from_volume[:3, 3], pose[:3, 3], atol=40.0)


def test_a_model_of_another_case_is_refused(folder, cases_root):
    from dataclasses import replace

    other = replace(load_case(cases_root / "small"), digest="another")
    with pytest.raises(BundleError, match="made for another case: expected digest another"):
        published_method(other, load_published_bundle(folder))


def test_mistakes_are_named(folder, cases_root, tmp_path):
    case, out = cases_root / "small", tmp_path / "x"
    refused(run("train", case, "--out", out, "--variant", "best"), "expected a variant of paper, no-cnn")
    refused(run("train", case, "--out", out, "--zone", "1"), "expected --zone ROW,COLUMN of whole numbers, got '1'")
    refused(run("train", case, "--out", out, "--zone", "4,0"), "expected a zone centred within 12 degrees")
    refused(run("train", case, "--out", out, "--comparison", "near"), "expected a comparison of exact, atlas")
    refused(run("measure", case, "--model", tmp_path), "expected a complete model as published")
    refused(
        run("measure", case, "--model", folder, "--seeds", "a"),
        "expected whole numbers with commas for --seeds, got 'a'",
    )
