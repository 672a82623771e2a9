"""`evaluate objects`: one line for every mistake; what it measures is tested with `evaluation.overlapping_objects`."""

from support.commands import refused, run


def test_mistakes_are_named():
    refused(run("evaluate", "objects", "plate"), "two to four objects such as plate+probe, got plate")
    refused(run("evaluate", "objects", "plate+hat"), "got 'hat'")
