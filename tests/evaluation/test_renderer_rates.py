"""Rates of the renderers: consistent with each other by hand."""

import pytest

from fluoropose.evaluation.renderer_rates import measure_renderers


def test_rates_follow_from_times(small_case):
    rates = measure_renderers(small_case)
    rays = small_case.atlas.view.size_px**2
    for name in ("cpu", "reference"):
        assert rates[name]["rays_per_s"] == pytest.approx(1e3 * rays / rates[name]["ms"])
        assert rates[name]["samples_per_s"] > rates[name]["rays_per_s"]
    assert rates["ratio"]["reference_over_cpu"] == pytest.approx(rates["reference"]["ms"] / rates["cpu"]["ms"])
