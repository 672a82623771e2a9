"""Frames that show a part of the object say which share that is."""

import numpy as np
import pytest

from fluoropose.evaluation.trust.covered_groups import COVERED_GROUPS, hidden_beyond
from fluoropose.evaluation.trust.covers import silhouette
from fluoropose.evaluation.trust.pictures import render_lines


@pytest.mark.parametrize("group", COVERED_GROUPS, ids=lambda group: group.name)
def test_forty_to_ninety_per_cent_are_visible(group, draw):
    for number in range(3):
        assert 0.35 < group.make(draw(number)).visible[0] < 0.93


def test_the_border_hides_what_the_frame_does_not_show(draw):
    truncated = next(group for group in COVERED_GROUPS if group.name == "truncated")
    one = draw()
    run = truncated.make(draw())
    camera = one.subject.camera
    sides = np.array([camera.columns, camera.rows], float)
    whole = silhouette(render_lines(one.subject, "sampled", camera.crop(-sides, 2 * sides), run.truths[0]))
    part = silhouette(render_lines(one.subject, "sampled", camera, run.truths[0]))
    assert part.sum() / whole.sum() == pytest.approx(run.visible[0], abs=0.03)


def test_pixels_beyond_the_border_are_hidden():
    places = np.array([[0.0, 0.0], [9.4, 3.0], [9.6, 3.0], [-1.0, 2.0]])
    assert hidden_beyond(places, np.array([10.0, 5.0])) == 0.5
    assert hidden_beyond(np.zeros((0, 2)), np.array([10.0, 5.0])) == 1.0
