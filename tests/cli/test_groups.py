"""The forms of the version before run, and say on stderr what they are now."""

import json

import pytest

from support.commands import refused, run

OLD_FORMS = {
    "evaluate-views": "evaluate two-views",
    "evaluate-sweep": "evaluate sweep",
    "evaluate-objects": "evaluate objects",
    "paper train": "evaluate published train",
    "paper measure": "evaluate published measure",
    "paper table2": "evaluate published table2",
    "evaluate knee plate": "evaluate methods",
    "evaluate wrist": "evaluate real wrist",
    "evaluate wrist-agreement": "evaluate real wrist-agreement",
    "evaluate --methods all": "evaluate methods",
    "bench --runs 3": "bench speed",
    "bench --object knee --load ws:1:30": "bench load",
    "bench --load=ws:1:30": "bench load",
}


@pytest.mark.parametrize("old", OLD_FORMS)
def test_an_old_form_is_the_new_command_and_names_it(old):
    result = run(*old.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: fluoropose {OLD_FORMS[old]} " in " ".join(result.output.split())
    (note,) = result.stderr.splitlines()
    assert note.startswith("note: ")
    group = " ".join(OLD_FORMS[old].split()[: 3 if "real" in OLD_FORMS[old] else 2])
    assert f"`fluoropose {group}`" in note
    assert "note:" not in result.stdout


@pytest.mark.parametrize("new", ["evaluate methods", "evaluate", "bench", "bench speed", "evaluate published train"])
def test_a_new_form_says_nothing_of_old_ones(new):
    assert run(*new.split(), "--help").stderr == ""


def test_evaluate_with_cases_first_still_measures(cases_root, models_root, tmp_path):
    words = ["evaluate", cases_root / "small", "--model", models_root / "small", "--out", tmp_path / "e"]
    result = run(*words, "--methods", "ours", "--starts", 2, "--frames", 1, "--json", tmp_path / "e.json")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "e.json").read_text())["ours"]["trials"] == 2
    with_options_first = [words[0], *words[2:], "--starts", 2, "--frames", 1, words[1]]
    assert run(*with_options_first).exit_code == 0


def test_bench_without_words_still_measures_speed():
    refused(run("bench", "--object", "hat", "--runs", 1), "expected an object of knee, plate, probe, got 'hat'")


def test_old_forms_refuse_as_the_new_ones_do():
    refused(run("bench", "--load", "udp:1:30"), "expected --load TRANSPORT:SESSIONS:FPS")
    refused(run("evaluate-sweep", "hat"), "got 'hat'")
    refused(run("paper", "table2", "nowhere", "--model", "x"), "no case.json")
