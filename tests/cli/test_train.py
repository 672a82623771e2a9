"""`train`: a bundle with a card, and one line for every mistake."""

import json

from support.commands import refused, run


def test_train_makes_a_bundle_with_a_card(cases_root, tmp_path):
    result = run(
        "train", cases_root / "small", "--out", tmp_path / "small", "--profile", "tiny", "--json", tmp_path / "f.json"
    )
    assert result.exit_code == 0, result.output
    assert "No real X-ray was seen" in (tmp_path / "small" / "CARD.md").read_text()
    assert json.loads((tmp_path / "f.json").read_text())["trials"] == 10
    assert not (tmp_path / "small.checkpoints").exists()


def test_train_refuses(cases_root, tmp_path):
    refused(run("train", tmp_path, "--out", tmp_path / "m"), "no case.json")
    refused(run("train", cases_root / "small", "--out", tmp_path / "m", "--profile", "slow"), "got 'slow'")
