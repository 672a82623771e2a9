"""The plot of a track is a picture."""

import pytest

from fluoropose.evaluation.plots.tracks import track_plotter


def test_a_track_becomes_a_picture(tmp_path, rng):
    pytest.importorskip("matplotlib")
    reference = rng.normal(size=(5, 6))
    track_plotter()(tmp_path / "track.png", "a run", list(range(5)), reference, {"tracked": reference + 0.1})
    assert (tmp_path / "track.png").read_bytes().startswith(b"\x89PNG")
