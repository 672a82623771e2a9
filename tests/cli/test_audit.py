"""`audit`: what happened is printed, and a chain that was tampered with is a fault."""

import json
import sqlite3

from fluoropose.io.audit import Actor
from fluoropose.serving.case_store import CaseStore
from support.commands import refused, run


def test_entries_are_printed_and_their_chain_checked(tmp_path):
    store = CaseStore.open(tmp_path)
    store.reconcile()
    store.discard(store.begin("hip", Actor("console-1", "10.0.0.7")), "failed", "a text of a file", "invalid-volume")
    # The register may be in use while it is read.
    printed = run("audit", tmp_path)
    store.close()
    assert printed.exit_code == 0, printed.output
    assert "console-1  10.0.0.7  upload  hip" in printed.output
    assert "failed  hip  invalid-volume" in printed.output
    assert "a text of a file" not in printed.output
    assert "the chain is whole" in printed.output
    lines = [json.loads(line) for line in run("audit", tmp_path, "--json").output.splitlines() if line[0] == "{"]
    assert [line["action"] for line in lines] == ["start", "upload", "failed", "stop"]


def test_a_changed_entry_is_a_fault(tmp_path):
    store = CaseStore.open(tmp_path)
    store.reconcile()
    store.close()
    database = sqlite3.connect(tmp_path / ".fluoropose" / "register.sqlite")
    database.execute("DROP TRIGGER audit_is_not_changed")
    database.execute("UPDATE audit SET who = 'nobody' WHERE number = 1")
    database.commit()
    database.close()
    refused(run("audit", tmp_path), "broken at entry 1")


def test_a_folder_without_a_register_is_refused(tmp_path):
    refused(run("audit", tmp_path), "expected a register")
