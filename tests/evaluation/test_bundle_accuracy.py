"""The accuracy of a bundle: as many trials as asked for, the same from one seed."""

from fluoropose.evaluation.bundle_accuracy import measure_accuracy


def test_figures_repeat_from_a_seed(resident):
    first, second = (measure_accuracy(resident, 1, frames=2, starts=3) for _ in range(2))
    assert first["trials"] == 3
    assert first["mtre_mm"] == second["mtre_mm"]
    assert first["latency_ms"]["total"]["p50"] > 0.0
