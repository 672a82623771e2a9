from rich.console import Console

from fluoropose.cli.tables.fleet import fleet_table

PAIR = {"p50": 1.0, "p99": 2.0}


def test_each_figure_stands_beside_what_is_to_be_reached():
    killed = {
        "gaps_s": [0.4, 1.25], "others_after_ms": PAIR, "before_ms": PAIR, "others_reconnects": 0, "frames_sent": 9,
        "frames_answered": 8, "books_add_up": False,
    }  # fmt: skip
    figures = {
        "machine": "two cores", "openings": {"resident_ms": PAIR, "loaded_ms": PAIR}, "alone": {"age_ms": PAIR},
        "fleet": {"age_ms": PAIR}, "killed": killed,
    }  # fmt: skip
    console = Console(width=120, record=True)
    console.print(fleet_table(figures))
    text = console.export_text()
    for words in ("two cores", "1.25 s", "9 / 8", "1.0 / 2.0 ms", "1500 ms"):
        assert words in text
    assert "no" in next(line for line in text.splitlines() if "books" in line)
