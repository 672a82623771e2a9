"""The tables of the pages in docs/measured are those of the committed figures."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("evaluation_tables", {"methods.md": "### Plate", "wrist.md": "| cam01 0002 | ours | 100 |"}),
        ("several_tables", {"sweeps.md": "| plate | 30 degrees | still |", "objects.md": "| plate+probe | rough |"}),
        ("views_tables", {"two-views.md": "| 30° | 0 | wrong-second |"}),
    ],
)
def test_the_pages_show_the_committed_figures(script, words):
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "examples" / f"{script}.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    pages = tables.pages()
    assert {path.name for path in pages} == set(words)
    for path, text in pages.items():
        assert words[path.name] in text
        assert path.read_text() == text
