"""`evaluate trust`: figures, plots, records and a page; names that no group has."""

import json

import pytest

from fluoropose.evaluation.trust.page import BEGIN, END
from support.commands import refused, run
from support.stress import put_small_objects


@pytest.fixture
def small_objects(monkeypatch):
    put_small_objects(monkeypatch)


def test_a_small_set_is_answered_drawn_and_written(tmp_path, small_objects):
    out, page = tmp_path / "out", tmp_path / "page.md"
    page.write_text(f"# Trust\n\n{BEGIN}\n{END}\n")
    words = ["evaluate", "trust", "--frames", 4, "--groups", "good-1,no such pose", "--cores", 1]
    result = run(
        *words, "--out", out, "--plots", "--records", out / "records.jsonl", "--page", page, "--json", tmp_path / "f"
    )
    assert result.exit_code == 0, result.output
    assert "good-1" in result.output
    assert "other-object" in result.output
    figures = json.loads((out / "figures.json").read_text())
    assert list(figures["groups"]) == ["good-1", "empty", "other-object"]
    assert json.loads((tmp_path / "f").read_text()) == figures
    assert (out / "risk.png").stat().st_size > 3000
    assert len((out / "records.jsonl").read_text().splitlines()) == 1 + 6
    assert "| good-1 | 2 |" in page.read_text()


def test_a_name_that_no_group_has_is_refused_with_those_there_are():
    refused(run("evaluate", "trust", "--groups", "sofa"), "good-1, good-2, good-3")
