"""The one writer: tables whole, rows appended, a refusing disk named."""

import pytest

from fluoropose.errors import StorageError
from fluoropose.evaluation.csv_files import append_row, write_rows


def test_a_table_has_the_first_rows_keys_as_its_header(tmp_path):
    write_rows(tmp_path / "t.csv", [{"a": 1, "b": "x, y"}, {"a": 2, "b": ""}])
    assert (tmp_path / "t.csv").read_text() == 'a,b\n1,"x, y"\n2,\n'


def test_rows_are_appended_below_one_header(tmp_path):
    for number in (1, 2):
        append_row(tmp_path / "t.csv", {"a": number})
    assert (tmp_path / "t.csv").read_text() == "a\n1\n2\n"


def test_a_disk_that_refuses_is_named(tmp_path):
    with pytest.raises(StorageError, match="expected to append to"):
        append_row(tmp_path / "nowhere" / "t.csv", {"a": 1})
