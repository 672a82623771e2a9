"""The parts of a service: built over each other, run together, stopped together."""

import asyncio

from fluoropose.serving.housekeeping import Intervals
from fluoropose.serving.wiring import wire_serving
from support.serving import metric


def test_the_parts_belong_together_and_end_together(started):
    parts = wire_serving(started, Intervals(beat_s=0.005))
    assert parts.broker.service is parts.service is started
    assert parts.broker.metrics is parts.metrics

    async def run():
        async with parts.run():
            while metric(parts, "event_loop_lag_seconds_count") < 2:
                await asyncio.sleep(0.005)
            assert not started.draining
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*tasks, return_exceptions=True)
        return all(task.cancelled() for task in tasks)

    started.draining = False
    assert asyncio.run(run())
    assert started.draining
    assert parts.broker.closing
    started.draining = False


def test_each_wiring_counts_for_itself(started):
    first, second = wire_serving(started), wire_serving(started)
    first.metrics.reinit.labels("client").inc()
    assert metric(second, "reinit_total", cause="client") == 0.0
    for parts in (first, second):
        parts.broker.close()
