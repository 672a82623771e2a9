"""`bench speed`: times of renderers and registration, with and without several objects."""

import json

from support.commands import refused, run


def test_a_short_run_gives_every_figure(shipped_root, tmp_path):
    result = run("bench", "speed", "--runs", 2, "--json", tmp_path / "s.json")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "s.json").read_text())
    assert figures["object"] == "plate"
    assert figures["registration_ms"]["total"]["p50"] > 0
    assert figures["renderers"]["ratio"]["reference_over_cpu"] > 1.0
    assert "objects_ms" not in figures


def test_an_unknown_object_is_refused():
    refused(run("bench", "speed", "--object", "hat"), "got 'hat'")
