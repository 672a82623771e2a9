"""The tables of docs/evaluation.md are those of the committed figures."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_page_shows_the_committed_figures():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "examples" / "evaluation_tables.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text()
    assert "### Plate" in text
    assert script.page(text) == text
