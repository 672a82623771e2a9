"""`demo`: the main job on a user's own CT."""

import json

from PIL import Image

from support.commands import run


def test_the_demo_runs_on_a_users_own_ct(ct, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(
        "demo", "--ct", ct / "ct.nii.gz", "--label-map", ct / "labels.nii.gz", "--label", 5, "--profile", "tiny",
        "--frames", 3, "--starts", 4, "--json", tmp_path / "d.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "d.json").read_text())
    assert figures["tracking"]["trials"] == 3
    assert figures["starts"]["trials"] == 4
    assert set(figures["starts"]["latency_ms"]) >= {"decode", "preprocess", "regress", "refine", "quality", "total"}
    with Image.open(tmp_path / "demo" / "ct-overlay.webp") as picture:
        assert picture.size == (3 * 512, 2 * 512)
