"""`bench load`: every frame of a short load is accounted for."""

import gc
import json

from support.commands import refused, run


def test_a_short_load_accounts_for_every_frame(shipped_root, tmp_path):
    out = tmp_path / "load.json"
    result = run("bench", "load", "http:2:10", "ws:2:10", "grpc:2:10", "--seconds", 2, "--size", 256, "--json", out)
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert [row["transport"] for row in figures["loads"]] == ["http", "ws", "grpc"]
    for row in figures["loads"]:
        assert row["sent"] == row["received"] == 40
        assert row["unaccounted"] == 0
        assert row["answered"] + sum(row["dropped"].values()) == 40
    assert figures["engine"]["capacity_fps"] > 0
    assert gc.get_freeze_count() > 50_000  # or one full collection in the middle of a load would stop its senders
    gc.unfreeze()


def test_loads_that_cannot_be_are_refused():
    refused(run("bench", "load"), "expected a load TRANSPORT:SESSIONS:FPS or more, got none")
    refused(run("bench", "load", "udp:1:30"), "expected --load TRANSPORT:SESSIONS:FPS")
