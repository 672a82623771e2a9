"""`bench turn`: a turning object is tracked frame by frame."""

import json

from support.commands import refused, run


def test_a_short_turn_loses_no_frame(shipped_root, tmp_path):
    out = tmp_path / "turn.json"
    result = run("bench", "turn", "--degrees", 6, "--deg-per-s", 30, "--fps", 20, "--json", out)
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert (figures["object"], figures["frames"], figures["statuses"]["LOST"]) == ("plate", 5, 0)
    assert figures["mtre_proj_mm"]["max"] < 1.0


def test_an_unknown_object_is_refused():
    refused(run("bench", "turn", "--object", "hat"), "got 'hat'")
