import pytest

import fluoropose
from fluoropose.fleet.worker_facts import WorkerFacts, facts_from_record
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.serving.wiring import wire_serving
from fluoropose.serving.worker_description import WorkerDescription
from support.serving import started_service


@pytest.fixture(scope="module")
def parts(cases_root, models_root):
    parts = wire_serving(started_service(cases_root, models_root, sessions=SessionRegistry(7)))
    yield parts
    parts.broker.close()


def test_facts_are_those_that_the_fleet_reads(parts):
    facts = facts_from_record(WorkerDescription(parts, "w1").facts() | {"http": "http://h"})
    assert isinstance(facts, WorkerFacts) and facts.extra == {}
    assert (facts.worker, facts.version, facts.capacity, facts.sessions) == ("w1", fluoropose.__version__, 7, 0)
    assert facts.cases == {"small"} and not facts.used_cases
    assert facts.ready and not facts.draining
    assert facts.resident_bytes > 0 and facts.spare_bytes is None


def test_facts_tell_how_old_frames_were_lately(parts):
    description = WorkerDescription(parts, "w1")
    parts.metrics.frame_age.labels("ws").observe(0.015)
    assert description.facts()["frame_age_ms"] == pytest.approx(16.0)


def test_spare_room_is_the_budget_without_what_sessions_use(parts):
    parts.service.case_cache.budget_bytes = 10**9
    try:
        assert WorkerDescription(parts, "w1").facts()["spare_bytes"] == 10**9
    finally:
        parts.service.case_cache.budget_bytes = None
