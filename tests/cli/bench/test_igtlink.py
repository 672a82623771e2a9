"""`bench igtlink`: both ways are measured with a server, a bridge and a client of their own."""

import json

from support.commands import run


def test_what_the_bridge_adds_is_measured(shipped_root, tmp_path):
    result = run("bench", "igtlink", "--frames", 60, "--fps", 60, "--json", tmp_path / "f.json")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["direct"]["frames"] == figures["bridge"]["frames"] == 30
    assert 0 < figures["direct"]["p50_ms"] < figures["direct"]["p99_ms"]
    assert figures["added"]["p50_ms"] == figures["bridge"]["p50_ms"] - figures["direct"]["p50_ms"]
