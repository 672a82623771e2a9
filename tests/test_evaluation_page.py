"""The tables of docs/evaluation.md, docs/several.md and docs/views.md are those of the committed figures."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("evaluation_tables", "### Plate"),
        ("several_tables", "| plate | 30 degrees | still |"),
        ("views_tables", "| 30° | 0 | wrong-second |"),
    ],
)
def test_the_page_shows_the_committed_figures(script, words):
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "examples" / f"{script}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text()
    assert words in text
    assert script.page(text) == text
