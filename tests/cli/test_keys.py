"""`keys`: made, listed by their hashes, removed."""

import json

from support.commands import refused, run


def test_keys_are_made_and_removed(tmp_path):
    file = tmp_path / "keys.json"
    made = run("keys", "add", "console-1", "--file", file, "--scope", "infer", "--scope", "metrics", "--days", 30)
    assert made.exit_code == 0
    assert made.output.startswith("fp_console-1_")
    assert json.loads(file.read_text())["keys"][0]["scopes"] == ["infer", "metrics"]
    refused(run("keys", "add", "console-1", "--file", file, "--scope", "infer"), "has a key")
    assert run("keys", "remove", "console-1", "--file", file).exit_code == 0
    refused(run("keys", "remove", "console-1", "--file", file), "expected a key of: none")
