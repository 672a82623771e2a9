"""The tables of the stress set on the console."""

from rich.console import Console

from fluoropose.cli.tables.trust import coverage_table, trust_table
from fluoropose.evaluation.trust.figures import trust_figures
from support.stress import impossible, record


def test_a_row_for_each_group_and_one_for_all():
    figures = trust_figures([record(), impossible(), record(group="wrong-distance", family="wrong camera")])
    console = Console(width=160, record=True)
    console.print(trust_table(figures))
    console.print(coverage_table(figures))
    text = console.export_text()
    assert "accepted and wrong" in text
    row = next(line for line in text.splitlines() if "all but wrong camera" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")][1:] == ["2", "2", "1", "1", "0", "0"]
    assert "100 / 100 %" in text
