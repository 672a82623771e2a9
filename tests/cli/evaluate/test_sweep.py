"""`evaluate sweep`: one line for every mistake; what it measures is tested with `evaluation.sweeps`."""

from support.commands import refused, run


def test_mistakes_are_named():
    refused(run("evaluate", "sweep", "hat"), "got 'hat'")
    refused(run("evaluate", "sweep", "plate", "--spans", "ten"), "numbers with commas for --spans, got 'ten'")
    refused(run("evaluate", "sweep", "plate", "--spans", "80"), "sweeps of 0 to 72 degrees")
