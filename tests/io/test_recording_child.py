"""Requests are answered one after another; a file that failed takes no more jobs, the others go on."""

import io
import pickle

from fluoropose.io.recording_child import Recordings, serve_requests
from support.recordings import CAMERAS, HEADER, made_job, read_all


def test_requests_are_answered_until_there_are_no_more(tmp_path, rng):
    requests, answers = io.BytesIO(), io.BytesIO()
    for request in (
        ("begin", 1, (tmp_path / "a.h5", HEADER, CAMERAS)),
        ("begin", 2, (tmp_path / "a.h5", HEADER, CAMERAS)),
        ("add", 1, (made_job(rng, 0),)),
        ("end", 1, ()),
    ):
        pickle.dump(request, requests)
    requests.seek(0)
    recordings = serve_requests(requests, answers)
    answers.seek(0)
    given = [pickle.load(answers) for _ in range(4)]
    assert [bool(one) for one in given] == [False, True, False, False]
    assert "expected to begin the recording" in given[1]
    assert (recordings.open, recordings.abandoned) == ({}, [])
    assert len(read_all(tmp_path / "a.h5")[1]) == 1


def test_a_file_that_fails_is_put_aside(tmp_path, rng):
    recordings = Recordings()
    for number in (1, 2):
        assert recordings.answer("begin", number, (tmp_path / f"{number}.h5", HEADER, CAMERAS)) == ""
    bad = made_job(rng, 0, ("float64", "uint8"))
    assert "expected pixels of" in recordings.answer("add", 1, (bad,))
    assert len(recordings.abandoned) == 1
    assert recordings.answer("add", 2, (made_job(rng, 0),)) == ""
    for writer in (*recordings.open.values(), *recordings.abandoned):
        writer.close()
