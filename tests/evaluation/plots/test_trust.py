"""The plots of the stress set: four small pictures, drawn from the figures."""

import numpy as np
from PIL import Image

from fluoropose.evaluation.plots.trust import trust_plotter
from fluoropose.evaluation.trust.figures import trust_figures
from support.stress import impossible, record


def test_four_pictures_are_drawn_and_wrong_answers_are_red(tmp_path):
    records = [record(number=n, confidence=0.5 + 0.01 * n, renderer=("sampled", "surface")[n % 2]) for n in range(40)]
    records += [impossible(number=n) for n in range(10)] + [record(group="blades", family="covered", status="LOST")]
    trust_plotter()(tmp_path / "deep", trust_figures(records))
    names = {"groups", "risk", "reliability", "reasons"}
    assert {path.stem for path in (tmp_path / "deep").glob("*.png")} == names
    assert all(3000 < path.stat().st_size < 200_000 for path in (tmp_path / "deep").glob("*.png"))
    picture = np.asarray(Image.open(tmp_path / "deep" / "groups.png").convert("RGB"))
    red = (picture == np.array([214, 39, 40])).all(axis=2)
    assert red.mean() > 0.05


def test_a_set_without_accepted_answers_is_drawn(tmp_path):
    trust_plotter()(tmp_path, trust_figures([impossible(status="LOST", confidence=0.0)]))
    assert (tmp_path / "risk.png").is_file()
