"""Plots of several objects are written from figures; that of sweeps is drawn with `evaluation.sweeps`."""

import pytest

from fluoropose.evaluation.plots.several import overlap_plotter

pytest.importorskip("matplotlib")


def test_success_of_both_methods_is_drawn(tmp_path):
    row = {"objects": "a+b", "start": "rough", "together": {"success_rate": 1.0}, "as it is": {"success_rate": 0.5}}
    overlap_plotter()(tmp_path, {"sets": [row]})
    assert (tmp_path / "success.png").read_bytes().startswith(b"\x89PNG")
