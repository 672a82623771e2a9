"""The plot of objects that no training saw."""

import numpy as np
from PIL import Image

from fluoropose.evaluation.plots.universal import universal_plotter


def test_every_object_has_its_bar(tmp_path):
    rows = [
        {"object": name, "size_mm": 50.0, "success_rate": share, "mtre_proj_mm": {"p50": 0.05, "p90": 0.1}}
        for name, share in (("gear", 0.98), ("hook", 1.0), ("chain", 0.93))
    ]
    universal_plotter()(tmp_path / "deep" / "success.png", {"objects": rows})
    picture = np.asarray(Image.open(tmp_path / "deep" / "success.png").convert("RGB"))
    # The bars' blue covers a good part of the left half, the white of what is missing the rest.
    blue = (picture == np.array([31, 119, 180])).all(axis=2)
    assert blue[:, : picture.shape[1] // 2].mean() > 0.05
