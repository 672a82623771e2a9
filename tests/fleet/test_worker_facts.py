import json

import pytest

from fluoropose.errors import InputError
from fluoropose.fleet.worker_facts import facts_from_record, major_version
from support.fleet import worker


def test_facts_go_through_json_unchanged():
    facts = worker("w1", cases=frozenset({"knee", "plate"}), used_cases=frozenset({"knee"}), sessions=3)
    assert facts_from_record(json.loads(json.dumps(facts.record()))) == facts


def test_what_a_later_version_says_beside_is_kept_and_hinders_nothing():
    facts = facts_from_record(worker("w1").record() | {"colour": "green"})
    assert facts == worker("w1")
    assert facts.extra == {"colour": "green"}


def test_facts_without_a_name_are_refused():
    with pytest.raises(InputError, match="expected the facts of a worker"):
        facts_from_record({"sessions": 1})


@pytest.mark.parametrize("version, major", [("0.2.0", "0.2"), ("1.4.2", "1"), ("12.0", "12"), ("0.3.0.dev1", "0.3")])
def test_versions_that_understand_each_other(version, major):
    assert major_version(version) == major
