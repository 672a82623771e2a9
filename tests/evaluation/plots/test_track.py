"""The plot of a trial is drawn, with gaps where nothing was found."""

import numpy as np
from PIL import Image

from fluoropose.evaluation.plots.track import six_parameter_plot
from fluoropose.geometry.pose6 import Pose6Frame
from support.pose_runs import some_run


def test_a_plot_is_a_picture(tmp_path):
    frame = Pose6Frame(np.zeros(3), np.eye(3))
    six_parameter_plot(
        tmp_path / "p.png", {"knee": some_run(), "hip": some_run(frames=5)}, {"knee": frame, "hip": frame}
    )
    picture = np.asarray(Image.open(tmp_path / "p.png").convert("L"))
    assert picture.shape[0] > 300 and picture.std() > 5
