"""The table of objects that no training saw."""

from rich.console import Console

from fluoropose.cli.tables.universal import universal_table


def test_a_row_for_each_object_and_one_for_all():
    facts = {
        "object": "gear", "kind": "unseen family", "size_mm": 50.0, "success_rate": 0.985, "sure_and_wrong": 1,
        "mtre_proj_mm": {"p50": 0.05, "p90": 0.1}, "mtre_mm": {"p50": 0.7}, "latency_ms": {"total": {"p50": 9.0}},
    }  # fmt: skip
    table = universal_table({"objects": [facts], "success_rate": 0.985, "sure_and_wrong": 1})
    console = Console(width=160, record=True)
    console.print(table)
    text = console.export_text()
    assert "98.5 %" in text
    assert "0.100 / 0.200" in text
    assert "98.50 %" in text
