"""Tables of accuracy and latency: a column per part."""

from fluoropose.cli.tables.accuracy import facts_table, latency_table
from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.summary import Trial, summary

FACTS = summary("x", 100.0, [Trial(None, PoseError(0.5, 1.0, 0.4, 0.9, 0.2), "TRACKING", 0.9, {"total": 5.0})], "m")


def test_each_part_has_a_column():
    table = facts_table({"tracking": FACTS, "starts": FACTS})
    assert len(table.columns) == 3
    assert table.row_count == 10
    assert "0.500 / 0.500" in list(table.columns[1].cells)


def test_stages_that_a_part_lacks_are_dashes():
    table = latency_table({"tracking": FACTS, "starts": FACTS | {"latency_ms": {}}})
    assert list(table.columns[1].cells) == ["5.00 / 5.00"]
    assert list(table.columns[2].cells) == ["-"]
