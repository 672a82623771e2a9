"""A job's outcome in its session: completed, refused with its reason, or lost."""

from concurrent.futures import Future

import pytest

from fluoropose.errors import DeviceError, FrameError
from fluoropose.serving.job_outcome import finish_job, log_worker_fault
from support import sessions


def running():
    one = sessions.session()
    one.offer("pixels", None, 0, 0)
    return one, sessions.take(one)


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (FrameError("expected pixels, got none"), "invalid", "got none"),
        (DeviceError("expected the network to run, got: out of memory"), "failed", "out of memory"),
        (ZeroDivisionError("a secret"), "failed", "unexpected fault"),
    ],
)
def test_an_error_drops_the_frame_for_its_reason(error, reason, words):
    one, job = running()
    done = finish_job(None, one, job, error)
    ((session, drop),) = done.drops
    assert session is one
    assert (drop.reason, done.lost, one.running) == (reason, [], None)
    assert words in str(drop.error)
    assert "secret" not in str(drop.error)


def test_only_what_ended_a_thread_is_logged(caplog):
    fine, broken = Future(), Future()
    fine.set_result(None)
    broken.set_exception(ValueError("a fault"))
    for work in (fine, broken):
        log_worker_fault(work)
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
