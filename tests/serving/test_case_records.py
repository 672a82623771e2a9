"""The records of cases: bounded over all and per key, one of each name."""

import pytest

from fluoropose.errors import ConflictError
from fluoropose.serving.case_records import CaseRecords
from fluoropose.serving.session_registry import OverloadedError


def test_cases_are_bounded_over_all_and_per_key():
    records = CaseRecords(capacity=4, per_key=2)
    for name, owner in (("a", "one"), ("b", "one"), ("c", "other"), ("d", "")):
        assert records.add(name, owner, stored=False).state == "preparing"
    with pytest.raises(OverloadedError, match="at most 2 cases of one key"):
        records.add("e", "one", stored=False)
    with pytest.raises(OverloadedError, match="at most 4 cases"):
        records.add("e", "other", stored=False)
    records.remove("a")
    records.remove("a")
    assert records.add("e", "one", stored=False).owner == "one"
    assert sorted(records) == ["b", "c", "d", "e"]
    assert len(records) == len(records.values()) == 4


def test_a_name_is_taken_by_a_record_or_by_what_is_on_disk():
    records = CaseRecords()
    records.add("a", "", stored=False)
    for name, stored in (("a", False), ("b", True)):
        with pytest.raises(ConflictError, match=f"got '{name}', which exists"):
            records.add(name, "", stored)


def test_a_record_that_begins_again_keeps_its_owner():
    records = CaseRecords()
    records.add("a", "one", stored=False).state = "failed"
    again = records.restart("a", "one", 0.9)
    assert (again.owner, again.state, again.progress) == ("one", "preparing", 0.9)
    assert records["a"] is again
    assert records.restart("new", "", 0.9).owner == ""


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_case_that_came_to_nothing_makes_room_for_one_of_its_name_once_it_has_ended(state):
    records = CaseRecords(per_key=1)
    first = records.add("a", "one", stored=False)
    first.state = state
    with pytest.raises(ConflictError, match="which exists"):
        records.add("a", "one", stored=False)
    first.ended.set()
    with pytest.raises(ConflictError, match="which exists"):
        records.add("a", "one", stored=True)
    assert records.add("a", "one", stored=False).state == "preparing"


def test_a_case_that_failed_in_another_process_is_known_with_its_reason():
    records = CaseRecords()
    records.add_failed("a", "one", "a reason")
    assert (records["a"].state, records["a"].detail, records["a"].owner) == ("failed", "a reason", "one")
    assert records["a"].ended.is_set()
