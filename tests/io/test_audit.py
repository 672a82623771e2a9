"""The audit: entries follow each other, and any change of one shows."""

from dataclasses import replace

import pytest

from fluoropose.io.audit import FIRST_HASH, Actor, broken_entry, chain_entry


@pytest.fixture
def entries():
    made = []
    for action in ("start", "upload", "ready", "delete"):
        made.append(chain_entry(made[-1] if made else None, Actor("console-1", "10.0.0.7"), action, "hip", "7f"))
    return made


def test_entries_are_chained_from_the_first_on(entries):
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert entries[0].previous == FIRST_HASH
    assert entries[1].previous == entries[0].digest
    assert broken_entry(entries) is None
    assert broken_entry([]) is None
    assert (entries[1].who, entries[1].address, entries[1].what) == ("console-1", "10.0.0.7", "hip")
    assert entries[1].at.endswith("+00:00")


@pytest.mark.parametrize("field", ["at", "who", "address", "action", "what", "outcome", "previous", "digest"])
def test_a_changed_entry_shows(entries, field):
    entries[2] = replace(entries[2], **{field: getattr(entries[2], field) + "0"})
    assert broken_entry(entries) == 3


def test_a_missing_entry_shows_at_the_next_and_a_changed_order_too(entries):
    assert broken_entry([*entries[:1], *entries[2:]]) == 2
    assert broken_entry([entries[1], entries[0]]) == 1


def test_what_is_moved_from_field_to_field_shows(entries):
    """The fields are hashed apart, not as one text."""
    entries[1] = replace(entries[1], what="hi", outcome="p7f")
    assert broken_entry(entries) == 2
