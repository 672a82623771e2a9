"""The tables of a page are those of the figures, and the committed page has those beside it."""

import json
from pathlib import Path

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.trust.figures import trust_figures
from fluoropose.evaluation.trust.page import BEGIN, END, trust_tables, write_tables
from support.stress import impossible, record

MEASURED = Path(__file__).resolve().parents[3] / "docs" / "measured"
RUN = {"objects": ["small"], "seed": 0, "commit": None}


def figures(*records):
    return {"run": RUN, **trust_figures(records)}


def test_a_page_gets_its_tables_between_its_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Trust\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    write_tables(page, figures(record(), impossible()))
    text = page.read_text()
    assert text.startswith("# Trust\n") and text.endswith("\n\nAfter.\n")
    assert "old" not in text
    assert "| good-1 | 1 | 1 | 0 | 1 | 0 | 0.10 / 0.10 |" in text
    assert "| `empty/small/0/0` | sampled |  | 0.900 | no such pose |" in text


def test_where_none_was_wrong_that_is_said():
    assert "None was accepted and wrong" in trust_tables(figures(record()))


def test_a_page_without_marks_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("nothing\n")
    for name in ("page.md", "none.md"):
        with pytest.raises(InputError, match="expected a page with <!-- trust -->"):
            write_tables(tmp_path / name, figures(record()))


def test_the_committed_page_shows_the_committed_figures():
    committed = json.loads((MEASURED / "trust" / "figures.json").read_text())
    assert trust_tables(committed) in (MEASURED / "trust.md").read_text()
