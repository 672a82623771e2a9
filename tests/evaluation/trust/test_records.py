"""What is right and wrong, and records that are kept and read again."""

import pytest

from fluoropose.errors import ConflictError, StorageError
from fluoropose.evaluation.trust.records import RecordFile
from support.stress import impossible, record

IDENTITY = {"stress_set": 1, "seed": 0}


@pytest.mark.parametrize(("size_mm", "error_mm", "right"), [(50, 0.9, True), (50, 1.1, False), (300, 1.9, True),
                                                            (300, 2.1, False)])  # fmt: skip
def test_a_pose_is_right_within_two_mm_and_two_per_cent(size_mm, error_mm, right):
    one = record(size_mm=size_mm, mtre_proj_mm=error_mm)
    assert (one.right, one.wrong) == (right, not right)
    assert not record(size_mm=size_mm, mtre_proj_mm=error_mm, status="LOST").wrong


def test_what_is_accepted_where_no_pose_is_right_is_wrong():
    assert impossible().wrong
    assert not impossible(status="LOW_CONFIDENCE").wrong


def test_records_come_back_as_they_were(tmp_path):
    path = tmp_path / "deep" / "records.jsonl"
    first, second = record(), impossible(number=3)
    RecordFile(path, IDENTITY).append([first])
    RecordFile(path, IDENTITY).append([second])
    assert list(RecordFile(path, IDENTITY).read()) == [first, second]


def test_a_line_that_was_cut_short_is_left_out_and_written_past(tmp_path):
    path = tmp_path / "records.jsonl"
    RecordFile(path, IDENTITY).append([record()])
    path.write_text(path.read_text() + '{"group": "good-1", "obj')
    file = RecordFile(path, IDENTITY)
    assert list(file.read()) == [record()]
    file.append([record(number=1)])
    assert [one.number for one in RecordFile(path, IDENTITY).read()] == [0, 1]


def test_records_of_other_frames_are_refused(tmp_path):
    path = tmp_path / "records.jsonl"
    RecordFile(path, IDENTITY).append([record()])
    with pytest.raises(ConflictError, match="expected records of"):
        RecordFile(path, {**IDENTITY, "seed": 1})


def test_a_disk_that_refuses_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="expected to append"):
        RecordFile(tmp_path / "file" / "records.jsonl", IDENTITY).append([record()])
