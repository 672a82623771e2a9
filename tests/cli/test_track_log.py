"""The log of a trial: what was found is there again, another trial's is refused, a cut line costs one frame."""

import pytest

from fluoropose.cli.track_log import TrackLog
from fluoropose.errors import InputError, StorageError


def test_rows_are_there_again_for_the_same_trial_and_gone_when_it_is_done(tmp_path):
    path = tmp_path / "p.csv.partial"
    log = TrackLog(path, ["a", 1])
    assert (log.rows, log.resumed) == ([], 0)
    for n in range(3):
        log.add({"frame": n})
    again = TrackLog(path, ["a", 1])
    assert (again.rows, again.resumed) == ([{"frame": 0}, {"frame": 1}, {"frame": 2}], 3)
    again.finish()
    assert not path.exists()


def test_another_trial_is_refused(tmp_path):
    TrackLog(tmp_path / "p", ["a"])
    with pytest.raises(InputError, match="expected p to be of this trial"):
        TrackLog(tmp_path / "p", ["b"])
    (tmp_path / "q").write_text("noise\n")
    with pytest.raises(InputError, match="of this trial"):
        TrackLog(tmp_path / "q", ["a"])


def test_a_line_that_was_cut_off_is_done_again(tmp_path):
    log = TrackLog(tmp_path / "p", ["a"])
    log.add({"frame": 0})
    with (tmp_path / "p").open("a") as stream:
        stream.write('{"frame": 1, "obj')
    again = TrackLog(tmp_path / "p", ["a"])
    assert again.rows == [{"frame": 0}]
    again.add({"frame": 1})
    assert TrackLog(tmp_path / "p", ["a"]).rows == [{"frame": 0}, {"frame": 1}]


def test_a_disk_that_refuses_is_said(tmp_path):
    with pytest.raises(StorageError, match="expected to write"):
        TrackLog(tmp_path / "none" / "p", ["a"])
