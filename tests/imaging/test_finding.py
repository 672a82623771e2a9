"""A finding as JSON values."""

from fluoropose.imaging.finding import SEVERITIES, Finding


def test_a_finding_is_a_record():
    found = Finding("gantry-tilt", "note", "the gantry was tilted")
    assert found.record() == {
        "code": "gantry-tilt",
        "severity": "note",
        "text": "the gantry was tilted",
        "certainty": 1.0,
    }
    assert found.severity in SEVERITIES
