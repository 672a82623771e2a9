"""`evaluate universal`: one object, and names that no object has."""

import json

from support.commands import refused, run


def test_an_object_is_measured_drawn_and_written(tmp_path):
    words = ["evaluate", "universal", "--only", "cage", "--starts", 2, "--frames", 1]
    result = run(*words, "--out", tmp_path / "out", "--plots", "--json", tmp_path / "figures.json")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [facts["object"] for facts in figures["objects"]] == ["cage"]
    assert figures["trials"] == 2
    assert (tmp_path / "out" / "success.png").stat().st_size > 5000
    assert json.loads((tmp_path / "out" / "figures.json").read_text()) == figures


def test_a_name_that_no_object_has_is_refused_with_those_there_are():
    refused(run("evaluate", "universal", "--only", "sofa"), "spring, gear, hook, twisted-bar")
