"""Jobs: which frames they answer and which results count; errors of sessions that have ended."""

from types import SimpleNamespace

import numpy as np
import pytest

from fluoropose.registration.plan import Plan
from fluoropose.tracking.jobs import (
    DROP_REASONS,
    FrameStaleError,
    FrameSupersededError,
    Job,
    ObjectTask,
    SequenceError,
    closed_error,
)
from support.sessions import offer_frame, pair, take

SEARCHED, FOLLOWED = (ObjectTask(SimpleNamespace(), Plan(start, False, 0)) for start in (None, np.eye(4)))


def test_a_job_answers_its_new_frames_and_not_the_kept_ones():
    one = pair()
    offer_frame(one, "b", 5.0)
    offer_frame(one, "a", 5.0)
    job = take(one)
    assert [frame.camera for frame in job.frames] == ["a", "b"]
    kept = [SimpleNamespace(kept=True, frame="old"), SimpleNamespace(kept=False, frame="new")]
    assert Job(tuple(kept), one.settings, (), 5.0).frames == ["new"]


def test_all_results_count_but_in_a_search_those_of_searched_objects_alone():
    tasks = (SEARCHED, FOLLOWED)
    assert Job((), None, tasks, 0.0).reported_tasks == [SEARCHED, FOLLOWED]
    assert Job((), None, tasks, 0.0, again=True, is_search=True).reported_tasks == [SEARCHED]


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [("draining", "not-ready", "going away"), ("disconnected", "unknown-session", "has ended: disconnected")],
)
def test_a_closed_session_says_why(reason, code, words):
    error = closed_error(reason)
    assert error.code == code
    assert words in str(error)


def test_codes_and_reasons_are_what_clients_and_metrics_know():
    kinds = (FrameSupersededError, SequenceError, FrameStaleError)
    assert [kind.code for kind in kinds] == ["frame-superseded", "sequence-conflict", "frame-stale"]
    assert len(set(DROP_REASONS)) == len(DROP_REASONS) == 8
