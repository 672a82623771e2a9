import pytest

from fluoropose.errors import NotReadyError, UnknownSessionError
from fluoropose.fleet.door.view import find_worker, require_writer
from support.fleet import FakeView, worker


def test_a_session_is_found_by_its_name_also_while_its_worker_is_silent():
    view = FakeView(worker("w1"), worker("w2"))
    view.roster.suspect("w2")
    assert find_worker(view, "w2.abc").worker == "w2"


def test_the_session_of_a_worker_that_has_gone_is_unknown():
    with pytest.raises(UnknownSessionError, match="w9, which has gone"):
        find_worker(FakeView(worker("w1")), "w9.abc")


def test_without_a_writer_the_fleet_takes_no_cases_for_a_while():
    assert require_writer("http://w") == "http://w"
    with pytest.raises(NotReadyError, match="writer of cases"):
        require_writer("")
