"""`fleet status` and `fleet drain`, asked of a front door over workers that a test makes up."""

import json

import pytest

from fluoropose.cli.fleet import status
from support.commands import refused, run
from support.fleet import worker

TOLD = {
    "started": 2, "wanted": 2, "avoided": ["10.0.0.9"], "writer": "http://w",
    "workers": [
        worker("w1", sessions=3, cases=frozenset({"knee"}), node="10.0.0.7").record() | {"there": True},
        worker("w2", restarts=4).record() | {"there": False},
    ],
}  # fmt: skip


@pytest.fixture
def door(monkeypatch):
    asked = []

    def ask(url, key, authority, drain, undo):
        asked.append((url, key, drain))
        if undo:
            return {"used_again": [drain] if drain == "10.0.0.9" else []}
        told = {"w1": (["w1"], []), "10.0.0.7": (["w1"], ["10.0.0.7"])}.get(drain, ([], []))
        return {"draining": told[0], "avoided": told[1]} if drain else TOLD

    monkeypatch.setattr("fluoropose.client.fleet.ask_door", ask)
    return asked


def test_the_workers_are_a_table(door):
    result = run("fleet", "status", "--url", "http://door", "--key", "fp_x")
    assert result.exit_code == 0
    assert door == [("http://door", "fp_x", "")]
    for words in ("3 of 100", "silent", "10.0.0.7", "2 workers started", "none starts on 10.0.0.9"):
        assert words in result.output


def test_the_table_or_all_of_it(door):
    assert json.loads(run("fleet", "status", "--json").output) == json.loads(json.dumps(TOLD))
    assert status.fleet_table(TOLD).row_count == 2


def test_a_worker_is_drained_and_one_that_is_not_there_is_said(door):
    assert "draining w1" in run("fleet", "drain", "w1").output
    refused(run("fleet", "drain", "w9"), "got 'w9'")


def test_a_machine_is_drained_and_used_again(door):
    told = run("fleet", "drain", "10.0.0.7").output
    assert "draining w1" in told and "no worker starts any more on 10.0.0.7" in told
    assert "workers may start again on 10.0.0.9" in run("fleet", "drain", "10.0.0.9", "--undo").output
    refused(run("fleet", "drain", "10.0.0.7", "--undo"), "expected a machine that was drained, got '10.0.0.7'")


def test_a_fleet_that_does_not_answer_is_said():
    refused(run("fleet", "status", "--url", "http://127.0.0.1:9"), "expected the front door of a fleet")
