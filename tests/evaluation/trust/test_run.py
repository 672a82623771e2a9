"""The command's work: which frames there are, and that how many changes none; a run that was stopped goes on."""

import pytest

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trust.groups import GROUPS, choose_groups
from fluoropose.evaluation.trust.records import RecordFile
from fluoropose.evaluation.trust.run import VERSION, TrustPlan, evaluate_trust, planned_runs
from support.stress import put_small_objects


@pytest.fixture
def small_objects(monkeypatch):
    put_small_objects(monkeypatch)


def test_frames_are_shared_out_among_groups_and_objects():
    runs = planned_runs(GROUPS, 3, 220)
    counts = {group.name: sum(one is group for one, _, _ in runs) for group in GROUPS}
    assert counts == {group.name: 1 if group.run_length == 10 else 10 for group in GROUPS}
    good = [(index, number) for group, index, number in runs if group.name == "good-1"]
    assert good[:5] == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]


def test_more_frames_contain_the_fewer():
    few, many = planned_runs(GROUPS, 3, 100), planned_runs(GROUPS, 3, 1000)
    assert {(group.name, *rest) for group, *rest in few} < {(group.name, *rest) for group, *rest in many}


def test_a_run_that_was_stopped_goes_on(small_objects, tmp_path):
    records = tmp_path / "records.jsonl"
    names = ("good-1", "blades", "empty", "wrong-distance")
    plan = TrustPlan(8, names, records=records)
    figures = evaluate_trust(plan, Environment())
    assert tuple(figures["groups"]) == names
    assert all(row["frames"] == 2 for row in figures["groups"].values())
    assert figures["run"]["objects"] == ["small", "wider"]
    assert figures["groups"]["empty"]["possible"] == 0
    # Half of the lines are lost; what is missing is answered again, and is the same.
    lines = records.read_text().splitlines()
    records.write_text("\n".join(lines[: len(lines) // 2]) + "\n")
    said = []
    again = evaluate_trust(plan, Environment(say=said.append))
    assert again["groups"] == figures["groups"]
    assert any("are in the records" in line for line in said)


def test_how_many_frames_there_are_changes_none(small_objects, tmp_path):
    kept = []
    for frames, name in ((2, "few"), (4, "many")):
        path = tmp_path / name
        evaluate_trust(TrustPlan(frames, ("good-2",), records=path), Environment())
        kept.append({one.run: one for one in RecordFile(path, {"stress_set": VERSION, "seed": 0}).read()})
    few, many = kept
    assert len(few) == 2 and len(many) == 4
    assert all(many[run] == one for run, one in few.items())
    assert len(choose_groups(("good-2",))) == 1
