"""A worker: idle or busy, stuck after so long, its beat."""

import time

from fluoropose.serving.worker import Worker


def test_a_worker_is_stuck_once_a_job_takes_too_long():
    worker = Worker("track")
    assert worker.idle
    assert not worker.is_stuck(0.0)
    worker.begin()
    assert not worker.idle
    time.sleep(0.02)
    assert worker.is_stuck(0.01)
    assert not worker.is_stuck(10.0)
    worker.end()
    assert worker.idle
    assert abs(worker.beat_at_s - time.time()) < 5.0
    worker.executor.shutdown()


def test_a_background_worker_works_too():
    worker = Worker("search", background=True)
    assert worker.executor.submit(lambda: 7).result(10) == 7
    worker.executor.shutdown()
