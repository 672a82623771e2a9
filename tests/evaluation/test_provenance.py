"""Where figures come from."""

from fluoropose import __version__
from fluoropose.evaluation.provenance import provenance


def test_machine_versions_and_commit_are_told():
    told = provenance()
    assert told["versions"]["fluoropose"] == __version__
    assert told["cores"] >= 1
    assert "cores" in told["machine"]
    assert told["commit"] is None or isinstance(told["commit"], str)
