"""A row per load."""

from fluoropose.cli.tables.load import load_table


def test_dropped_frames_have_their_reasons():
    age = {"p50": 1.0, "p95": 2.0, "p99": 3.0, "max": 4.0}
    row = {
        "transport": "ws", "sessions": 2, "fps": 30.0, "received": 60, "answered": 58, "dropped": {"stale": 2},
        "frame_age_ms": age, "server_cpu_cores": 0.5, "server_memory_mb": 300.0,
    }  # fmt: skip
    table = load_table([row, row | {"dropped": {}}])
    assert list(table.columns[0].cells)[0] == "ws 2 x 30"
    assert list(table.columns[3].cells) == ["stale 2", "0"]
