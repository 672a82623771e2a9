"""Words at the left and whole, numbers at the right."""

from fluoropose.cli.tables.dense import dense_table


def test_columns_of_words_are_left():
    table = dense_table("t", ("method", "success"))
    assert [(column.justify, column.no_wrap) for column in table.columns] == [("left", True), ("right", False)]
